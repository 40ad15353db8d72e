@echo off
rem Lies in \Windows\System32 of the boot image, so that a technician can type `prestage` in any folder.
"%SYSTEMDRIVE%\Prestage\prestage.exe" %*
