@echo off
rem The fallback that starts `prestage continue` when Windows Setup has ended and the start-up task is not there.
rem Lies in \Windows\Setup\Scripts of the new OS; Windows runs it as Local System before the first logon, and does not run it at all
rem with some OEM product keys: therefore the start-up task comes first, and this second. A second start finds the journal and does nothing twice.
rem A restart from here would not come back to this script; Prestage's start-up task does.
if exist "%SystemDrive%\_SMSTaskSequence\Prestage\agent\prestage.exe" "%SystemDrive%\_SMSTaskSequence\Prestage\agent\prestage.exe" continue
exit /b 0
