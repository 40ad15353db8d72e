@echo off
rem Runs the deployment. Leaves a shell for the technician when it did not end well; restarts only after the hand-over, and never for ever.
rem Plain cmd.exe of Windows PE: no PowerShell, no timeout.exe, no choice.exe, no WMI. What each part is for: docs/boot-image.md.
rem Windows PE restarts when the last program of winpeshl.ini ends: so nothing here may end before it is meant to.
setlocal
set "PLACE=%SYSTEMDRIVE%\Prestage"
set "AGENT=%PLACE%\prestage.exe"
set "LETTERS=C D E F G H I J K L M N O P Q R S T U V W Y Z"
set "BEGAN=%DATE% %TIME:~0,5%"
set "RESULT="
set "TRIED="
rem How often in a row, with no person in between: starts that the launcher ended with a restart, and starts of any kind.
set "MOST_RESTARTS=10"
set "MOST_STARTS=30"

rem In Prestage's own log folder, which is there once the media was proven: before that nothing is written to a disk.
set /a STARTS=0
set /a RESTARTS=0
call :findlog
rem A disk behind a driver that lies beside the agent is seen only with it; unseen, its starts would be counted from none each time.
if not defined COUNTED call :drivers
if not defined COUNTED call :findlog
if defined COUNTED if exist "%COUNTED%" for /f "usebackq tokens=1,2" %%A in ("%COUNTED%") do (
  if "%%A"=="start" set /a STARTS+=1
  if "%%A %%B"=="ended 0" set /a RESTARTS+=1
  if "%%A %%B"=="ended 3" set /a RESTARTS+=1
)
if %RESTARTS% GEQ %MOST_RESTARTS% goto handedover
if %STARTS% GEQ %MOST_STARTS% goto neverended
call :note start
if %STARTS% GTR 0 echo Starts in a row: %STARTS% of at most %MOST_STARTS% before this one; %RESTARTS% of at most %MOST_RESTARTS% ended with a restart.

if not exist "%AGENT%" goto noagent
call :drivers
if exist "%PLACE%\selftest.txt" call :selftest
if not "%RESULT%"=="" if not "%RESULT%"=="0" goto fault

rem TEMP lies on X:, which is memory. Prestage moves its own temporary files to the media volume as soon as that is verified.
"%AGENT%" deploy
set "RESULT=%ERRORLEVEL%"
call :findlog
if not defined NOTED call :note start
call :note ended %RESULT%
rem 3: handed over. Prestage has asked for the restart itself; this waits for it, and asks again should it not come.
if "%RESULT%"=="3" goto restart
rem 0: nothing was left to do.
if "%RESULT%"=="0" goto restart

:fault
set "WHY=No code of Prestage. Its program broke off; the lines above may say why. Send its log and this number."
if "%RESULT%"=="0" set "WHY=Done, but the restart does not come. Switch the computer off and on again."
if "%RESULT%"=="2" set "WHY=USAGE: something typed or configured is wrong. Correct what is shown above."
if "%RESULT%"=="3" set "WHY=Handed over, but the restart does not come. Switch the computer off and on again."
if "%RESULT%"=="4" set "WHY=STOP: it was stopped. Type: prestage deploy"
if "%RESULT%"=="20" set "WHY=TRUST: media or policy is not vouched for. Stop, set this computer aside, ask for new media."
if "%RESULT%"=="30" set "WHY=CONTENT: content is missing or damaged. Connect the network, then type: prestage deploy"
if "%RESULT%"=="40" set "WHY=NET: a server was not reached or misbehaves. Check cable and distribution point; work is kept."
if "%RESULT%"=="50" set "WHY=DISK: a disk is full, failing or not there. Free space or replace the disk named above."
if "%RESULT%"=="60" set "WHY=IMAGE: the image was not applied. Type once: prestage deploy   Then send the log with the number."
if "%RESULT%"=="65" set "WHY=MACHINE: this computer, as it stands, cannot be deployed. Power, disks, clock: do what is shown above."
if "%RESULT%"=="70" set "WHY=PKG: an installer failed. Read the log of the installer named above."
if "%RESULT%"=="75" set "WHY=STATE: user state was not captured or restored. Look at the share; keep the old computer."
if "%RESULT%"=="80" set "WHY=JOURNAL: the record of earlier steps does not fit. Type: prestage report   then: prestage deploy --fresh"
if "%RESULT%"=="99" set "WHY=BUG: Prestage is at fault. Send the log."
if "%RESULT%"=="134" set "WHY=Prestage gave up, most likely for want of memory. It needs a computer with 2 GB or more."
if "%RESULT%"=="5" set "WHY=Windows PE refused to start prestage.exe: access denied. The boot image is damaged: ask for new media."
if "%RESULT%"=="193" set "WHY=prestage.exe is no program for this Windows PE: damaged, or made for another architecture."
if "%RESULT%"=="216" set "WHY=prestage.exe is made for another architecture than this Windows PE (amd64, arm64)."
if "%RESULT%"=="9009" set "WHY=prestage.exe cannot be started, or is not there. The boot image was not assembled to the end."
if "%RESULT%"=="-1073741515" set "WHY=0xC0000135: this Windows PE lacks a DLL that prestage.exe needs. Look: npm run boot-image names it."
if "%RESULT%"=="-1073741511" set "WHY=0xC0000139: a DLL of this Windows PE is too old for prestage.exe. Take a newer Windows PE."
if "%RESULT%"=="-1073741701" set "WHY=0xC000007B: a DLL or prestage.exe is made for another architecture, or is damaged."
if "%RESULT%"=="-1073741502" set "WHY=0xC0000142: a DLL that prestage.exe needs does not start in this Windows PE."
if "%RESULT%"=="-1073741795" set "WHY=0xC000001D: this processor lacks an instruction that prestage.exe uses."
if "%RESULT%"=="-1073741801" set "WHY=0xC0000017: not enough memory. Prestage needs a computer with 2 GB or more."
if "%RESULT%"=="-1073741819" set "WHY=0xC0000005: prestage.exe crashed. Test the memory; then send the log and this number."
if "%RESULT%"=="-1073740791" set "WHY=0xC0000409: prestage.exe crashed. Send the log and this number."
if "%RESULT%"=="-1073741510" set "WHY=0xC000013A: it was stopped from the keyboard. Type: prestage deploy"
echo.
echo Prestage ended with code %RESULT%. The lines above say what happened, what is safe and what to do next.
echo %WHY%
goto help

:noagent
echo.
echo %AGENT% is not there: the boot image was not assembled to the end. Nothing was changed. See docs/boot-image.md.
goto help

:handedover
echo.
echo Nothing was started: %RESTARTS% times in a row this boot image did its work and restarted the computer, and it starts again.
echo Either the firmware starts the media before the new Windows: take out sticks and discs, and put "Windows Boot Manager" first.
echo Or the task sequence restarts Windows PE that often: then type: prestage deploy
goto help

:neverended
echo.
echo Nothing was started: this boot image was started %STARTS% times in a row, and nobody was asked.
echo Power that fails, a driver that restarts Windows PE, or memory that is bad can be why. To go on, type: prestage deploy
goto help

:help
echo.
echo   prestage check       proves the disk, its cache and the staged image again
echo   prestage plan        shows what would be done, and why
echo   prestage report      shows what was done
echo   prestage explain X   explains a code such as NET-01
echo   prestage deploy      goes on where the run stopped
echo.
if defined COUNTED echo Starts in a row are counted in %COUNTED%
call :until
set /a UNANSWERED=0
:shell
echo To leave this shell type: exit
cmd.exe /d /k prompt Prestage$S$P$G
:leave
echo.
set "ANSWER="
set /p "ANSWER=R restarts the computer, O switches it off; Enter alone leads back to the shell: "
if not defined ANSWER goto unanswered
set /a UNANSWERED=0
set "ANSWER=%ANSWER:"=%"
if /i "%ANSWER:~0,1%"=="r" goto left
if /i "%ANSWER:~0,1%"=="o" goto off
goto shell
rem Without a keyboard every question and every shell ends at once: not for ever, either.
:unanswered
set /a UNANSWERED+=1
if %UNANSWERED% LSS 20 goto shell
echo Nobody answers; this waits until the computer is switched off or Windows PE restarts it.
:wait
ping -n 3600 127.0.0.1 >nul 2>&1
goto wait

rem A person was here and wants it: counting begins anew. Should it not come, the next program of winpeshl.ini is a shell.
:off
call :forget
wpeutil shutdown
ping -n 60 127.0.0.1 >nul 2>&1
goto :eof

:left
call :forget
wpeutil reboot
ping -n 60 127.0.0.1 >nul 2>&1
goto :eof

:restart
echo Restarting. Should this boot image start again and again instead of the new Windows, it asks after %MOST_RESTARTS% times.
rem ping is the sleep of a system without timeout.exe.
ping -n 60 127.0.0.1 >nul 2>&1
rem What cannot be counted is not repeated: with no log folder the launcher restarts nothing by itself.
if defined NOTED wpeutil reboot
ping -n 60 127.0.0.1 >nul 2>&1
goto fault

rem --- what is called ---------------------------------------------------------------------------------------------------------------------------

:findlog
rem The manifest tells media from a _SMSTaskSequence that an earlier deployment of another kind, or this one, left on a volume of Windows.
set "COUNTED="
for %%D in (%LETTERS%) do if not defined COUNTED if exist "%%D:\_SMSTaskSequence\Prestage\media.json" if exist "%%D:\_SMSTaskSequence\Logs\" set "COUNTED=%%D:\_SMSTaskSequence\Logs\launches.log"
goto :eof

:note
set "NOTED="
if not defined COUNTED goto :eof
>>"%COUNTED%" echo %* %BEGAN%&& set "NOTED=1"
goto :eof

:forget
call :findlog
if defined COUNTED if exist "%COUNTED%" del "%COUNTED%" >nul 2>&1
goto :eof

rem Drivers that were laid beside the agent instead of being added by DISM, which only Windows has. Once a start.
:drivers
if defined TRIED goto :eof
set "TRIED=1"
if not exist "%PLACE%\drivers\" goto :eof
set "LOADED="
for /r "%PLACE%\drivers" %%I in (*.inf) do drvload "%%I" >nul 2>&1 && set "LOADED=1" || echo Driver not loaded: %%I
if not defined LOADED goto :eof
rem A disk or a network behind a new driver needs a moment; wpeinit has been through before there was one.
wpeutil InitializeNetwork >nul 2>&1
ping -n 6 127.0.0.1 >nul 2>&1
goto :eof

rem Once in a boot image that was built for it: the report lies with the logs of the media volume, else on the stick, else in memory.
:selftest
set "REPORT="
for %%D in (%LETTERS%) do if not defined REPORT if exist "%%D:\_SMSTaskSequence\Prestage\media.json" set "REPORT=%%D:\_SMSTaskSequence\Logs\selftest.json"
for %%D in (%LETTERS%) do if not defined REPORT if exist "%%D:\sources\boot.wim" set "REPORT=%%D:\prestage-selftest.json"
if not defined REPORT set "REPORT=%SYSTEMDRIVE%\prestage-selftest.json"
if exist "%REPORT%" goto :eof
"%AGENT%" selftest --out "%REPORT%"
set "RESULT=%ERRORLEVEL%"
echo The report of this self-test: %REPORT%
goto :eof

rem Microsoft, "Windows PE (WinPE)": it restarts after 72 hours of use, which cannot be set otherwise. Three days on is three weekdays on.
:until
set "DAY="
for %%W in (Mon-Thursday Tue-Friday Wed-Saturday Thu-Sunday Fri-Monday Sat-Tuesday Sun-Wednesday) do for /f "tokens=1,2 delims=-" %%A in ("%%W") do if /i "%%A"=="%BEGAN:~0,3%" set "DAY= (%%B)"
echo Windows PE restarts by itself 72 hours after its start, and nothing can put that off.
echo It was started at about %BEGAN% by the clock of then: finish within three days%DAY%.
goto :eof
