@echo off
rem Used instead of winpeshl.ini where a boot image keeps Windows PE's own shell: delete \Windows\System32\winpeshl.ini then.
rem winpeshl.exe runs this file in a shell that stays, so a fault leaves the technician where help can be given.
wpeinit -unattend:%SYSTEMDRIVE%\Prestage\unattend.xml
call %SYSTEMDRIVE%\Prestage\launch.cmd
