@echo off
rem Runs the deployment; leaves a shell for the technician when it did not end well.
rem Windows PE restarts as soon as the last program of winpeshl.ini ends: so nothing here may end before it is meant to.
setlocal
rem TEMP lies on X:, which is memory. Prestage moves its own temporary files to the media volume as soon as that is verified.
"%SYSTEMDRIVE%\Prestage\prestage.exe" deploy
set "RESULT=%ERRORLEVEL%"

rem 3: handed over. Prestage has asked for the restart itself; this waits for it, and asks again should it not come.
if "%RESULT%"=="3" goto restart
rem 0: nothing was left to do.
if "%RESULT%"=="0" goto restart

echo.
echo Prestage ended with code %RESULT%. The lines above say what happened, what is safe and what to do next.
echo.
echo   prestage check       proves the disk, its cache and the staged image again
echo   prestage plan        shows what would be done, and why
echo   prestage report      shows what was done
echo   prestage explain X   explains a code such as NET-01
echo   prestage deploy      goes on where the run stopped
echo.
echo Closing this window restarts the machine.
cmd.exe /k "prompt Prestage $P$G"
goto :eof

:restart
rem ping is the sleep of a system without timeout.exe.
ping -n 60 127.0.0.1 >nul 2>&1
wpeutil reboot
