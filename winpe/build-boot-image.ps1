#Requires -Version 5.1
<#
.SYNOPSIS
    Makes a Windows PE boot image that starts the Prestage agent, from the Windows ADK.
.DESCRIPTION
    Copies the Windows PE of the ADK (or another boot.wim) into a new folder, mounts it with DISM, adds optional components, updates, drivers, the
    launcher files and the agent, sets the scratch space, takes the boot managers of the authority that is asked for, commits, exports, and makes an
    ISO or a USB stick. Whatever fails, or Ctrl-C, leaves nothing mounted.
    -WhatIf lists every command and every change of a file in their order. It needs neither the ADK nor administrator's rights: what it would have
    looked up is named instead.
    The guide is docs/boot-image.md, about the authorities docs/secure-boot.md.
.PARAMETER Architecture
    amd64 or arm64: that of Windows PE and of prestage.exe.
.PARAMETER AgentConfig
    The site's agent.yaml. The template of winpe\ with its example key is refused.
.PARAMETER Agent
    prestage.exe. Without it that of this checkout's out\build.
.PARAMETER AgentFiles
    Files to lie beside the agent: certificates that agent.yaml names, revocations.json.
.PARAMETER WorkFolder
    A folder that does not exist yet, on NTFS, without spaces in its path. The media folder in it is what goes onto an ESP.
.PARAMETER Image
    A boot.wim to start from instead of the ADK's own.
.PARAMETER Index
    Which image of it. 2 is Setup in a boot.wim of Windows media.
.PARAMETER OptionalComponents
    Names such as WinPE-SecureStartup. What they depend on is added before them, and their language packs after them. Prestage itself needs none.
.PARAMETER Language
    Of the language packs.
.PARAMETER Updates
    Cumulative updates (.msu or .cab) for the image.
.PARAMETER Drivers
    Folders with drivers; every .inf below them is added.
.PARAMETER ScratchSpace
    Megabytes of X: that can be written: 32, 64, 128, 256 or 512.
.PARAMETER Variant
    launcher: winpeshl.ini starts the agent. shell: startnet.cmd does, in Windows PE's own shell.
.PARAMETER BootCA
    Whose boot managers the media gets: 2023 (Windows UEFI CA 2023) or 2011 (Microsoft Windows Production PCA 2011).
.PARAMETER Iso
    Makes this ISO file.
.PARAMETER UsbDrive
    Makes a stick of this drive, such as E:. MakeWinPEMedia asks before it formats it.
.PARAMETER SelfTest
    The first start of the image tries the computer (prestage selftest) and leaves the report with the logs of the media volume.
.EXAMPLE
    .\build-boot-image.ps1 -AgentConfig C:\Site\agent.yaml -WhatIf

    Lists what would be done.
.EXAMPLE
    .\build-boot-image.ps1 -AgentConfig C:\Site\agent.yaml -Drivers C:\Drivers\VMD -Iso C:\PrestagePE.iso

    A boot image with a storage driver, and an ISO of it.
.EXAMPLE
    .\build-boot-image.ps1 -AgentConfig C:\Site\agent.yaml -Architecture arm64 -Agent C:\arm64\prestage.exe -WorkFolder C:\PrestageArm

    For arm64.
.EXAMPLE
    .\build-boot-image.ps1 -AgentConfig C:\Site\agent.yaml -BootCA 2011 -UsbDrive E: -SelfTest

    A stick for firmware that does not know the authority of 2023 yet, which tries the computer first.
.LINK
    https://learn.microsoft.com/windows-hardware/manufacture/desktop/winpe-mount-and-customize
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string] $Architecture = 'amd64',
    [Parameter(Mandatory = $true)]
    [string] $AgentConfig,
    [string] $Agent = '',
    [string[]] $AgentFiles = @(),
    [string] $WorkFolder = 'C:\PrestagePE',
    [string] $Image = '',
    [int] $Index = 1,
    [string[]] $OptionalComponents = @(),
    [string] $Language = 'en-us',
    [string[]] $Updates = @(),
    [string[]] $Drivers = @(),
    [ValidateSet(32, 64, 128, 256, 512)]
    [int] $ScratchSpace = 512,
    [ValidateSet('launcher', 'shell')]
    [string] $Variant = 'launcher',
    [ValidateSet('2011', '2023')]
    [string] $BootCA = '2023',
    [string] $Iso = '',
    [string] $UsbDrive = '',
    [switch] $SelfTest
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$EXAMPLE_KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
$GIB = 1073741824
$SPACE_NEEDED = 8
# Microsoft, "WinPE Optional Components (OC) Reference": prerequisites. A name that is not here needs nothing.
$NEEDS = @{
    'WinPE-NetFx'              = @('WinPE-WMI')
    'WinPE-PowerShell'         = @('WinPE-WMI', 'WinPE-NetFx', 'WinPE-Scripting')
    'WinPE-DismCmdlets'        = @('WinPE-PowerShell')
    'WinPE-StorageWMI'         = @('WinPE-PowerShell')
    'WinPE-SecureBootCmdlets'  = @('WinPE-PowerShell')
    'WinPE-SecureStartup'      = @('WinPE-WMI')
    'WinPE-PlatformId'         = @('WinPE-WMI', 'WinPE-SecureStartup')
}

function Invoke-Step {
    <#
    .SYNOPSIS
        The one place that runs a program or changes a file. With -WhatIf it says so and does nothing.
    .PARAMETER Do
        A program, or one of: make-folder, copy, copy-tree, move, remove, write.
    .PARAMETER With
        Its arguments; of a change of files from, to (or the text).
    .PARAMETER GoodCodes
        Exit codes that are no failure. 3010: done, and a restart is wanted, which concerns the image alone.
    .PARAMETER Read
        Returns what the program prints instead of showing it.
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Do,
        [string[]] $With = @(),
        [int[]] $GoodCodes = @(0, 3010),
        [switch] $Read
    )
    if (-not $PSCmdlet.ShouldProcess("$Do $($With -join ' ')", 'Run')) {
        return
    }
    switch ($Do) {
        'make-folder' {
            New-Item -ItemType Directory -Path $With[0] -Force | Out-Null
            return
        }
        'copy' {
            Copy-Item -LiteralPath $With[0] -Destination $With[1] -Force
            # What comes from installation media is read-only, and would stop the next copy over it.
            Set-ItemProperty -LiteralPath $With[1] -Name IsReadOnly -Value $false
            return
        }
        'copy-tree' {
            Copy-Item -LiteralPath $With[0] -Destination $With[1] -Recurse -Force
            return
        }
        'move' {
            Move-Item -LiteralPath $With[0] -Destination $With[1] -Force
            return
        }
        'remove' {
            Remove-Item -LiteralPath $With[0] -Recurse -Force
            return
        }
        'write' {
            [System.IO.File]::WriteAllText($With[0], $With[1])
            return
        }
    }
    # What a program writes to its error stream is no failure by itself: oscdimg tells its progress there, and with the streams redirected the first line would end the script.
    $ErrorActionPreference = 'Continue'
    $said = @()
    if ($Read) {
        $said = & $Do @With
    }
    else {
        # Not through a pipe: what asks a question (MakeWinPEMedia) shows it only on a console of its own.
        & $Do @With
    }
    if ($GoodCodes -notcontains $LASTEXITCODE) {
        throw "$Do ended with $LASTEXITCODE ($($With -join ' ')). The lines above and C:\Windows\Logs\DISM\dism.log say why; nothing was left mounted."
    }
    return $said
}

function Find-Part {
    <#
    .SYNOPSIS
        A file or folder that must be there. With -WhatIf a missing one is named and counted as there.
    #>
    param([string] $Path, [string] $Missing)
    if (Test-Path -LiteralPath $Path) {
        return $Path
    }
    if ($WhatIfPreference) {
        Write-Host "Would look for: $Path"
        return $Path
    }
    throw "$Path is not there. $Missing"
}

function Find-Kit {
    <#
    .SYNOPSIS
        The folders of the ADK and of its Windows PE add-on, by the registry value KitsRoot10.
    #>
    $found = $null
    foreach ($key in 'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows Kits\Installed Roots', 'HKLM:\SOFTWARE\Microsoft\Windows Kits\Installed Roots') {
        if ($null -ne $found -or -not (Test-Path -Path $key)) {
            continue
        }
        $found = (Get-Item -Path $key).GetValue('KitsRoot10')
    }
    if ($null -eq $found) {
        if (-not $WhatIfPreference) {
            throw 'No Windows ADK is installed here (registry value KitsRoot10). Install it and the Windows PE add-on of the same version: Microsoft, "Download and install the Windows ADK".'
        }
        Write-Host 'Would look up: KitsRoot10 below HKLM\SOFTWARE\(WOW6432Node\)Microsoft\Windows Kits\Installed Roots'
        $found = 'C:\(KitsRoot10)'
    }
    $kit = Join-Path -Path $found -ChildPath 'Assessment and Deployment Kit'
    $own = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'amd64' }
    $tools = Join-Path -Path $kit -ChildPath 'Deployment Tools'
    $pe = Join-Path -Path $kit -ChildPath 'Windows Preinstallation Environment'
    $addOn = 'Install the Windows PE add-on for the ADK, of the ADK''s own version: adkwinpesetup.exe.'
    $deployment = 'Install the feature "Deployment Tools" of the Windows ADK: adksetup.exe.'
    return @{
        Pe        = Find-Part -Path (Join-Path -Path $pe -ChildPath $Architecture) -Missing "$addOn It must have $Architecture."
        PeRoot    = $pe
        Tools     = $tools
        Dism      = Find-Part -Path (Join-Path -Path $tools -ChildPath "$own\DISM\dism.exe") -Missing $deployment
        Oscdimg   = Find-Part -Path (Join-Path -Path $tools -ChildPath "$own\Oscdimg\oscdimg.exe") -Missing $deployment
        BootFiles = Find-Part -Path (Join-Path -Path $tools -ChildPath "$Architecture\Oscdimg") -Missing $deployment
        Wim       = Find-Part -Path (Join-Path -Path $pe -ChildPath "$Architecture\en-us\winpe.wim") -Missing $addOn
        Media     = Find-Part -Path (Join-Path -Path $pe -ChildPath "$Architecture\Media") -Missing $addOn
    }
}

function Assert-Request {
    <#
    .SYNOPSIS
        Refuses what cannot end well before anything is made.
    #>
    if ($Architecture -eq 'x86') {
        throw 'There is no Prestage for x86, and no Windows 11 either: name amd64 or arm64.'
    }
    if (@('amd64', 'arm64') -notcontains $Architecture) {
        throw "-Architecture $Architecture is not known: name amd64 or arm64."
    }
    if ($WorkFolder -match '\s') {
        throw "-WorkFolder $WorkFolder has a space in it, which oscdimg does not take in its boot entries: name another folder."
    }
    if ($WorkFolder -notmatch '^[A-Za-z]:\\') {
        throw "-WorkFolder $WorkFolder is not on a drive of this computer, and DISM mounts nowhere else: name a folder such as C:\PrestagePE."
    }
    if ($Iso -ne '') {
        Find-Part -Path (Split-Path -Path $Iso -Parent) -Missing 'The ISO shall lie there (-Iso): make the folder first.' | Out-Null
    }
    if ($UsbDrive -ne '' -and $UsbDrive -notmatch '^[A-Za-z]:$') {
        throw "-UsbDrive $UsbDrive is not a drive letter with a colon, such as E:."
    }
    if ($Image -match '\.esd$') {
        throw "$Image is an ESD, which DISM cannot mount. Export it first: dism /Export-Image /SourceImageFile:$Image /SourceIndex:1 /DestinationImageFile:boot.wim /Compress:max"
    }
    $config = Find-Part -Path $AgentConfig -Missing 'Copy winpe\agent.yaml, put the site''s public keys into it, and name the copy with -AgentConfig.'
    if (Test-Path -LiteralPath $config) {
        $lines = @(Get-Content -LiteralPath $config | Where-Object { $_ -notmatch '^\s*#' })
        if ($lines -match [regex]::Escape($EXAMPLE_KEY)) {
            throw "$config still has the example key, for which nobody has the private one: put the site's keys in its place (prestage keys show SITE\keys)."
        }
        if (-not ($lines -match 'ed25519:')) {
            throw "$config names no key (ed25519:...): the agent would trust no media."
        }
        if ($AgentFiles.Count -eq 0 -and ($lines -match '^ca\s*:')) {
            throw "$config names certificates (ca), without which the agent does not start: name their files with -AgentFiles."
        }
    }
    if ($WhatIfPreference) {
        return
    }
    $me = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $me.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'Mounting an image needs administrator''s rights: start Windows PowerShell with "Run as administrator".'
    }
    if (Test-Path -LiteralPath $WorkFolder) {
        throw "$WorkFolder exists already: remove it, or name another folder with -WorkFolder. An image that is still mounted there is let go by: dism /Unmount-Image /MountDir:$WorkFolder\mount /Discard"
    }
    $drive = New-Object -TypeName System.IO.DriveInfo -ArgumentList ([System.IO.Path]::GetPathRoot($WorkFolder))
    $free = [math]::Round($drive.AvailableFreeSpace / $GIB, 1)
    if ($free -lt $SPACE_NEEDED) {
        throw "$($drive.Name) has $free GB free; mounting and exporting need $SPACE_NEEDED GB. Free space, or name another drive with -WorkFolder."
    }
    if ($drive.DriveFormat -ne 'NTFS') {
        throw "$($drive.Name) is $($drive.DriveFormat); DISM mounts on NTFS only. Name another drive with -WorkFolder."
    }
}

function Assert-Image {
    <#
    .SYNOPSIS
        Refuses an image that is not there or of another architecture.
    #>
    param([string] $Dism, [string] $Wim)
    $all = @(Invoke-Step -Do $Dism -With @('/English', '/Get-ImageInfo', "/ImageFile:$Wim") -Read)
    if ($WhatIfPreference) {
        return
    }
    $count = @($all -match '^Index : ').Count
    if ($Index -lt 1 -or $Index -gt $count) {
        throw "$Wim has $count image(s), and no image $Index. Windows media have Windows PE as image 1 and Setup as image 2; the ADK's winpe.wim has one: name another -Index."
    }
    $one = @(Invoke-Step -Do $Dism -With @('/English', '/Get-ImageInfo', "/ImageFile:$Wim", "/Index:$Index") -Read)
    $found = [string] (@($one -match '^Architecture : ') + '')[0]
    $wanted = if ($Architecture -eq 'amd64') { 'x64' } else { 'arm64' }
    if ($found -notmatch ": $wanted\s*$") {
        throw "Image $Index of $Wim is another architecture ($found), wanted is $Architecture. There is no Prestage for x86."
    }
}

function Get-ComponentOrder {
    <#
    .SYNOPSIS
        Optional components with what they depend on, each behind what it needs, each once.
    #>
    param([string[]] $Names)
    $order = @()
    foreach ($name in $Names) {
        if ($NEEDS.ContainsKey($name)) {
            foreach ($needed in (Get-ComponentOrder -Names $NEEDS[$name])) {
                if ($order -notcontains $needed) {
                    $order += $needed
                }
            }
        }
        if ($order -notcontains $name) {
            $order += $name
        }
    }
    return $order
}

function Add-Component {
    <#
    .SYNOPSIS
        Adds language packs, optional components and updates to the mounted image.
    #>
    param([hashtable] $Kit, [string] $Mount)
    $folder = Join-Path -Path $Kit.Pe -ChildPath 'WinPE_OCs'
    $packages = @()
    if ($Language -ne 'en-us') {
        $packages += Find-Part -Path (Join-Path -Path $folder -ChildPath "$Language\lp.cab") -Missing 'The Windows PE add-on has no such language.'
    }
    foreach ($name in (Get-ComponentOrder -Names $OptionalComponents)) {
        $packages += Find-Part -Path (Join-Path -Path $folder -ChildPath "$name.cab") -Missing "Optional components are named like the .cab files in $folder; this one is not part of the Windows PE add-on for $Architecture that is installed."
        $pack = Join-Path -Path $folder -ChildPath "$Language\$($name)_$Language.cab"
        if ($WhatIfPreference -or (Test-Path -LiteralPath $pack)) {
            $packages += $pack
        }
    }
    foreach ($update in $Updates) {
        $packages += Find-Part -Path $update -Missing 'It was named with -Updates.'
    }
    foreach ($package in $packages) {
        Invoke-Step -Do $Kit.Dism -With @("/Image:$Mount", '/Add-Package', "/PackagePath:$package")
    }
    if ($Language -ne 'en-us') {
        Invoke-Step -Do $Kit.Dism -With @("/Image:$Mount", "/Set-AllIntl:$Language")
    }
    if ($Updates.Count -gt 0) {
        # /Defer: as Microsoft's script in "Update Windows installation media with Dynamic Update" does for Windows PE.
        Invoke-Step -Do $Kit.Dism -With @("/Image:$Mount", '/Cleanup-Image', '/StartComponentCleanup', '/ResetBase', '/Defer')
    }
}

function Add-Agent {
    <#
    .SYNOPSIS
        Lays launcher files, agent and agent.yaml where docs/boot-image.md says; tells which agent was there before.
    #>
    param([string] $Mount, [string] $Exe)
    $system32 = Join-Path -Path $Mount -ChildPath 'Windows\System32'
    $place = Join-Path -Path $Mount -ChildPath 'Prestage'
    $old = Join-Path -Path $place -ChildPath 'prestage.exe'
    if (Test-Path -LiteralPath $old) {
        Write-Host "An agent is in this image already, version $((Get-Item -LiteralPath $old).VersionInfo.ProductVersion): it is replaced."
        Invoke-Step -Do 'remove' -With $place
    }
    Invoke-Step -Do 'make-folder' -With $place
    Invoke-Step -Do 'copy' -With @($Exe, $old)
    Invoke-Step -Do 'copy' -With @($AgentConfig, (Join-Path -Path $place -ChildPath 'agent.yaml'))
    foreach ($file in $AgentFiles) {
        $source = Find-Part -Path $file -Missing 'It was named with -AgentFiles.'
        Invoke-Step -Do 'copy' -With @($source, (Join-Path -Path $place -ChildPath (Split-Path -Path $file -Leaf)))
    }
    foreach ($name in 'launch.cmd', 'unattend.xml') {
        Invoke-Step -Do 'copy' -With @((Join-Path -Path $PSScriptRoot -ChildPath $name), (Join-Path -Path $place -ChildPath $name))
    }
    $shellFiles = @('prestage.cmd', 'startnet.cmd')
    if ($Variant -eq 'launcher') {
        $shellFiles += 'winpeshl.ini'
    }
    foreach ($name in $shellFiles) {
        Invoke-Step -Do 'copy' -With @((Join-Path -Path $PSScriptRoot -ChildPath $name), (Join-Path -Path $system32 -ChildPath $name))
    }
    $ini = Join-Path -Path $system32 -ChildPath 'winpeshl.ini'
    if ($Variant -eq 'shell' -and (Test-Path -LiteralPath $ini)) {
        Invoke-Step -Do 'remove' -With $ini
    }
    if ($SelfTest) {
        Invoke-Step -Do 'write' -With @((Join-Path -Path $place -ChildPath 'selftest.txt'), 'launch.cmd runs prestage selftest once while this file is here.')
    }
}

function Copy-BootFile {
    <#
    .SYNOPSIS
        Takes the boot managers of the authority asked for out of the mounted image, as Microsoft's Make2023BootableMedia.ps1 does (KB5053484).
    #>
    param([hashtable] $Kit, [string] $Mount, [string] $Media, [string] $Sectors)
    $newer = $BootCA -eq '2023'
    $ex = if ($newer) { '_EX' } else { '' }
    $boot = Join-Path -Path $Mount -ChildPath 'Windows\Boot'
    $why = 'The image has no boot manager of the authority of 2023: add a cumulative update of April 2024 or later with -Updates, take the ADK 10.1.26100 or later, or name -BootCA 2011.'
    $manager = Find-Part -Path (Join-Path -Path $boot -ChildPath "EFI$ex\bootmgfw$ex.efi") -Missing $why
    $removable = if ($Architecture -eq 'amd64') { 'bootx64.efi' } else { 'bootaa64.efi' }
    Invoke-Step -Do 'copy' -With @($manager, (Join-Path -Path $Media -ChildPath "EFI\Boot\$removable"))
    Invoke-Step -Do 'copy' -With @($manager, (Join-Path -Path $Media -ChildPath 'EFI\Microsoft\Boot\bootmgfw.efi'))
    # Firmware does not start this one, and not every update brings a newer: then that of the kit stays.
    $chain = Join-Path -Path $boot -ChildPath "EFI$ex\bootmgr$ex.efi"
    if ($WhatIfPreference -or (Test-Path -LiteralPath $chain)) {
        Invoke-Step -Do 'copy' -With @($chain, (Join-Path -Path $Media -ChildPath 'bootmgr.efi'))
    }
    # Added to media that lack it since version 1.4 of Microsoft's script.
    $list = Join-Path -Path $boot -ChildPath 'EFI\boot.stl'
    $listPlace = Join-Path -Path $Media -ChildPath 'EFI\Microsoft\Boot\boot.stl'
    if ($WhatIfPreference -or ((Test-Path -LiteralPath $list) -and -not (Test-Path -LiteralPath $listPlace))) {
        Invoke-Step -Do 'copy' -With @($list, $listPlace)
    }
    if ($newer) {
        $fonts = Find-Part -Path (Join-Path -Path $boot -ChildPath 'Fonts_EX') -Missing $why
        $target = Join-Path -Path $Media -ChildPath 'EFI\Microsoft\Boot\Fonts'
        if (Test-Path -LiteralPath $fonts) {
            foreach ($font in (Get-ChildItem -LiteralPath $fonts -Filter '*.ttf')) {
                Invoke-Step -Do 'copy' -With @($font.FullName, (Join-Path -Path $target -ChildPath ($font.Name -replace '_EX', '')))
            }
        }
        else {
            Invoke-Step -Do 'copy' -With @("$fonts\*_EX.ttf", "$target\*.ttf")
        }
    }
    # copype's own names, which MakeWinPEMedia reads. Without the prompt: a machine with no person at it must not wait for a key.
    foreach ($name in 'bootmgfw.efi', 'bootmgfw_EX.efi') {
        $part = if ($name -match '_EX') { "EFI_EX\$name" } else { "EFI\$name" }
        $source = Join-Path -Path $boot -ChildPath $part
        if ($WhatIfPreference -or (Test-Path -LiteralPath $source)) {
            Invoke-Step -Do 'copy' -With @($source, (Join-Path -Path $Sectors -ChildPath $name))
        }
    }
    foreach ($name in 'efisys.bin', 'efisys_noprompt.bin', 'efisys_EX.bin', 'efisys_noprompt_EX.bin', 'etfsboot.com') {
        $source = Join-Path -Path $Kit.BootFiles -ChildPath $name
        $inImage = Join-Path -Path $boot -ChildPath "DVD_EX\EFI\en-US\$name"
        if (-not (Test-Path -LiteralPath $source) -and (Test-Path -LiteralPath $inImage)) {
            $source = $inImage
        }
        if ($WhatIfPreference -or (Test-Path -LiteralPath $source)) {
            Invoke-Step -Do 'copy' -With @($source, (Join-Path -Path $Sectors -ChildPath $name))
        }
    }
}

function New-Iso {
    <#
    .SYNOPSIS
        An ISO with a UEFI entry, and for amd64 a BIOS entry.
    #>
    param([hashtable] $Kit, [string] $Media, [string] $Sectors)
    $ex = if ($BootCA -eq '2023') { '_EX' } else { '' }
    $efi = Find-Part -Path (Join-Path -Path $Sectors -ChildPath "efisys_noprompt$ex.bin") -Missing 'The ADK has none for this authority: take the ADK 10.1.26100 or later.'
    $entries = '1#pEF,e,b{0}' -f $efi
    if ($Architecture -eq 'amd64') {
        $bios = Find-Part -Path (Join-Path -Path $Sectors -ChildPath 'etfsboot.com') -Missing 'Install the feature "Deployment Tools" of the Windows ADK.'
        $entries = '2#p0,e,b{0}#pEF,e,b{1}' -f $bios, $efi
    }
    $bootData = '-bootdata:' + $entries
    Invoke-Step -Do $Kit.Oscdimg -With @('-m', '-o', '-u2', '-udfver102', '-lPRESTAGE', $bootData, $Media, $Iso)
}

function New-Stick {
    <#
    .SYNOPSIS
        A USB stick by MakeWinPEMedia, which asks before it formats.
    #>
    param([hashtable] $Kit)
    $makeMedia = Find-Part -Path (Join-Path -Path $Kit.PeRoot -ChildPath 'MakeWinPEMedia.cmd') -Missing 'Install the Windows PE add-on for the ADK.'
    if (-not $WhatIfPreference) {
        # What DandISetEnv.bat sets for it: MakeWinPEMedia calls bootsect.exe by its name alone, and Windows has none.
        $env:WinPERoot = $Kit.PeRoot
        $env:OSCDImgRoot = Split-Path -Path $Kit.Oscdimg -Parent
        $own = Split-Path -Path $env:OSCDImgRoot -Parent
        $env:PATH = (Join-Path -Path $own -ChildPath 'BCDBoot') + ';' + $env:PATH
    }
    $words = @('/UFD')
    if ($BootCA -eq '2023' -and (Test-Path -LiteralPath $makeMedia) -and (Select-String -LiteralPath $makeMedia -Pattern 'bootex' -Quiet)) {
        $words += '/bootex'
    }
    Invoke-Step -Do $makeMedia -With ($words + @($WorkFolder, $UsbDrive))
}

# .NET does not know in which folder PowerShell is.
$WorkFolder = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkFolder)
if ($Iso -ne '') {
    $Iso = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Iso)
}
$mount = Join-Path -Path $WorkFolder -ChildPath 'mount'
$media = Join-Path -Path $WorkFolder -ChildPath 'media'
$sectors = Join-Path -Path $WorkFolder -ChildPath 'bootbins'
$wim = Join-Path -Path $media -ChildPath 'sources\boot.wim'
$made = $false
$mounted = $false
$kit = $null
$exitCode = 1
try {
    Assert-Request
    $kit = Find-Kit
    $exe = $Agent
    if ($exe -eq '') {
        $exe = Join-Path -Path (Split-Path -Path $PSScriptRoot -Parent) -ChildPath 'out\build\prestage.exe'
    }
    $exe = Find-Part -Path $exe -Missing 'Build it (npm run build), or name it with -Agent.'
    $source = $kit.Wim
    if ($Image -ne '') {
        $source = Find-Part -Path $Image -Missing 'It was named with -Image.'
    }
    foreach ($folder in $Drivers) {
        Find-Part -Path $folder -Missing 'It was named with -Drivers.' | Out-Null
    }
    Assert-Image -Dism $kit.Dism -Wim $source

    # As copype does.
    $made = $true
    Invoke-Step -Do 'make-folder' -With $WorkFolder
    Invoke-Step -Do 'make-folder' -With $mount
    Invoke-Step -Do 'make-folder' -With $sectors
    Invoke-Step -Do 'copy-tree' -With @($kit.Media, $media)
    Invoke-Step -Do 'make-folder' -With (Split-Path -Path $wim -Parent)
    Invoke-Step -Do 'copy' -With @($source, $wim)

    # Before it is: Ctrl-C in the middle leaves half a mount, which must be let go, too.
    $mounted = $true
    Invoke-Step -Do $kit.Dism -With @('/Mount-Image', "/ImageFile:$wim", "/Index:$Index", "/MountDir:$mount")
    Add-Component -Kit $kit -Mount $mount
    foreach ($folder in $Drivers) {
        Invoke-Step -Do $kit.Dism -With @("/Image:$mount", '/Add-Driver', "/Driver:$folder", '/Recurse')
    }
    Invoke-Step -Do $kit.Dism -With @("/Image:$mount", "/Set-ScratchSpace:$ScratchSpace")
    Add-Agent -Mount $mount -Exe $exe
    Copy-BootFile -Kit $kit -Mount $mount -Media $media -Sectors $sectors
    Invoke-Step -Do $kit.Dism -With @('/Unmount-Image', "/MountDir:$mount", '/Commit', '/CheckIntegrity')
    $mounted = $false

    # What was replaced still lies in the file: exporting leaves it behind.
    $exported = Join-Path -Path $WorkFolder -ChildPath 'boot.wim'
    Invoke-Step -Do $kit.Dism -With @('/Export-Image', "/SourceImageFile:$wim", "/SourceIndex:$Index", "/DestinationImageFile:$exported", '/Bootable', '/CheckIntegrity', '/Compress:max')
    Invoke-Step -Do 'move' -With @($exported, $wim)
    if ($Iso -ne '') {
        New-Iso -Kit $kit -Media $media -Sectors $sectors
    }
    if ($UsbDrive -ne '') {
        New-Stick -Kit $kit
    }
    $exitCode = 0
    if (-not $WhatIfPreference) {
        $megabytes = [math]::Round((Get-Item -LiteralPath $wim).Length / 1048576)
        Write-Host "Boot image: $wim, $megabytes MB, boot managers of $BootCA. What goes onto an ESP: $media."
        Write-Host 'In a new boot image try the computer first: prestage selftest (or build it with -SelfTest).'
    }
}
catch {
    Write-Host $_.Exception.Message -ForegroundColor Red
}
finally {
    # Also after Ctrl-C, of which catch hears nothing.
    if ($mounted) {
        try {
            Invoke-Step -Do $kit.Dism -With @('/Unmount-Image', "/MountDir:$mount", '/Discard')
        }
        catch {
            Write-Host "The image is still mounted at $mount. Let it go by: dism /Unmount-Image /MountDir:$mount /Discard   then: dism /Cleanup-Mountpoints" -ForegroundColor Red
        }
    }
    if ($made -and $exitCode -ne 0 -and -not $WhatIfPreference) {
        Write-Host "$WorkFolder is left for a look; remove it before the next try." -ForegroundColor Yellow
    }
}
exit $exitCode
