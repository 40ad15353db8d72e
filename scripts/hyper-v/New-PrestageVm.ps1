#Requires -Version 5.1
<#
.SYNOPSIS
    Makes a Hyper-V virtual machine that boots from prestaged media, or removes it.
.DESCRIPTION
    Generation 2 (UEFI), with the disk made from a raw disk image, a VHD(X), or a media WIM laid on a new VHDX by prestage media apply; a checkpoint
    of the untouched disk, so that a first boot can be tried again; and the disk first in the boot order, or a disc.
    Hyper-V reads no raw images: a fixed VHD is a raw image with a footer of 512 bytes behind it (Microsoft, "Virtual Hard Disk Image Format
    Specification"), so the footer is written here and Convert-VHD makes a VHDX of it. Whatever fails, what was made goes away again.
    -WhatIf lists every command and every change of a file; it needs neither Hyper-V nor administrator's rights.
    The recipe is docs/hyper-v.md.
.PARAMETER Name
    Of the virtual machine. One of this name that exists already is refused.
.PARAMETER DiskImage
    A raw disk image (prestage media apply --to disk.img), or a .vhd or .vhdx, which is copied.
.PARAMETER Media
    A media WIM, laid on a new disk by prestage media apply. Needs -AgentConfig.
.PARAMETER AgentConfig
    agent.yaml with the keys that vouch for the media.
.PARAMETER Agent
    prestage.exe. Without it that of this checkout's out\build.
.PARAMETER DiskGB
    Size of the disk: of a new one; a disk image grows to it where it is smaller.
.PARAMETER Folder
    Where the virtual machine and its disk lie.
.PARAMETER MemoryGB
    2 or more: a boot image runs in memory.
.PARAMETER Processors
    Virtual processors.
.PARAMETER SwitchName
    Name of a virtual switch with a way to the distribution point. Without it there is no network.
.PARAMETER SecureBoot
    MicrosoftWindows for a real Windows PE; Off for boot programs that Microsoft did not sign, such as a stand-in.
.PARAMETER Tpm
    Adds a virtual TPM.
.PARAMETER Iso
    A disc in the drive; with -BootFromIso it comes first.
.PARAMETER BootFromIso
    The disc before the disk.
.PARAMETER Start
    Starts the machine.
.PARAMETER Remove
    Removes the virtual machine of this name with its checkpoints and its folder.
.EXAMPLE
    .\New-PrestageVm.ps1 -Name Pilot -DiskImage D:\disk.img -SwitchName External -Start

    Boots a prestaged disk image.
.EXAMPLE
    .\New-PrestageVm.ps1 -Name Pilot -Media D:\depot.wim -AgentConfig D:\agent.yaml -DiskGB 100 -Tpm -WhatIf

    Lists what would be done to lay media on a new disk.
.EXAMPLE
    .\New-PrestageVm.ps1 -Name StandIn -DiskImage D:\disk.img -SecureBoot Off -Start

    For a disk whose boot program Microsoft did not sign.
.EXAMPLE
    .\New-PrestageVm.ps1 -Name Pilot -Remove

    Takes it all away.
.LINK
    https://learn.microsoft.com/powershell/module/hyper-v/
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [Parameter(Mandatory = $true)]
    [string] $Name,
    [string] $DiskImage = '',
    [string] $Media = '',
    [string] $AgentConfig = '',
    [string] $Agent = '',
    [ValidateRange(16, 8192)]
    [int] $DiskGB = 64,
    [string] $Folder = 'C:\PrestageVm',
    [ValidateRange(2, 512)]
    [int] $MemoryGB = 4,
    [ValidateRange(1, 64)]
    [int] $Processors = 2,
    [string] $SwitchName = '',
    [ValidateSet('MicrosoftWindows', 'Off')]
    [string] $SecureBoot = 'MicrosoftWindows',
    [switch] $Tpm,
    [string] $Iso = '',
    [switch] $BootFromIso,
    [switch] $Start,
    [switch] $Remove
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$GIB = 1073741824
$CHECKPOINT = 'Before the first boot'

function Invoke-Step {
    <#
    .SYNOPSIS
        The one place that runs a program, changes a file or calls Hyper-V. With -WhatIf it says so and does nothing.
    .PARAMETER Do
        A program, a cmdlet that changes something, or one of: make-folder, copy, append-footer, write, remove.
    .PARAMETER With
        Arguments of a program; of a change of files from and to.
    .PARAMETER Named
        Parameters of a cmdlet, by name.
    .PARAMETER Read
        Returns what a program prints instead of showing it.
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Do,
        [string[]] $With = @(),
        [hashtable] $Named = @{},
        [switch] $Read
    )
    $words = @($With)
    foreach ($key in ($Named.Keys | Sort-Object)) {
        $words += "-$key $($Named[$key])"
    }
    if (-not $PSCmdlet.ShouldProcess("$Do $($words -join ' ')", 'Run')) {
        return
    }
    switch ($Do) {
        'make-folder' {
            New-Item -ItemType Directory -Path $With[0] -Force | Out-Null
            return
        }
        'copy' {
            Copy-Item -LiteralPath $With[0] -Destination $With[1]
            Set-ItemProperty -LiteralPath $With[1] -Name IsReadOnly -Value $false
            return
        }
        'append-footer' {
            $stream = [System.IO.File]::Open($With[0], [System.IO.FileMode]::Open, [System.IO.FileAccess]::ReadWrite)
            try {
                $footer = Get-VhdFooter -Length $stream.Length
                $stream.Seek(0, [System.IO.SeekOrigin]::End) | Out-Null
                $stream.Write($footer, 0, $footer.Length)
            }
            finally {
                $stream.Close()
            }
            return
        }
        'write' {
            [System.IO.File]::WriteAllText($With[0], $With[1])
            return
        }
        'remove' {
            # Hyper-V merges checkpoints behind Remove-VM and holds the disks meanwhile: two minutes are waited for it.
            for ($try = 1; Test-Path -LiteralPath $With[0]; $try++) {
                try {
                    Remove-Item -LiteralPath $With[0] -Recurse -Force
                }
                catch {
                    if ($try -ge 60) {
                        throw
                    }
                    Start-Sleep -Seconds 2
                }
            }
            return
        }
    }
    if ($Named.Count -gt 0) {
        # Asked already: Hyper-V's own question would stop a script that nobody watches.
        & $Do @Named -Confirm:$false | Out-Null
        return
    }
    # What a program writes to its error stream is no failure by itself, and with the streams redirected the first line would end the script.
    $ErrorActionPreference = 'Continue'
    $said = @()
    if ($Read) {
        $said = & $Do @With
    }
    else {
        # Not through a pipe: what asks a question (MakeWinPEMedia) shows it only on a console of its own.
        & $Do @With
    }
    if ($LASTEXITCODE -ne 0) {
        throw "$Do ended with $LASTEXITCODE ($($With -join ' ')); the lines above say why."
    }
    return $said
}

function Get-VhdFooter {
    <#
    .SYNOPSIS
        The footer of a fixed VHD for a disk of so many bytes. Pure.
    #>
    param([long] $Length)
    $footer = New-Object -TypeName byte[] -ArgumentList 512
    $sectors = [math]::Floor($Length / 512)
    # The appendix of the specification: cylinders, heads, sectors a track.
    if ($sectors -gt 65535 * 16 * 255) {
        $sectors = 65535 * 16 * 255
    }
    if ($sectors -ge 65535 * 16 * 63) {
        $track = 255
        $heads = 16
        $cylinderHeads = [math]::Floor($sectors / $track)
    }
    else {
        $track = 17
        $cylinderHeads = [math]::Floor($sectors / $track)
        $heads = [math]::Max(4, [math]::Floor(($cylinderHeads + 1023) / 1024))
        if ($cylinderHeads -ge $heads * 1024 -or $heads -gt 16) {
            $track = 31
            $heads = 16
            $cylinderHeads = [math]::Floor($sectors / $track)
        }
        if ($cylinderHeads -ge $heads * 1024) {
            $track = 63
            $heads = 16
            $cylinderHeads = [math]::Floor($sectors / $track)
        }
    }
    $cylinders = [math]::Floor($cylinderHeads / $heads)
    $seconds = [math]::Floor(((Get-Date).ToUniversalTime() - (New-Object -TypeName DateTime -ArgumentList 2000, 1, 1)).TotalSeconds)
    Set-Text -Bytes $footer -At 0 -Text 'conectix'
    Set-Number -Bytes $footer -At 8 -Width 4 -Value 2
    Set-Number -Bytes $footer -At 12 -Width 4 -Value 0x10000
    Set-Number -Bytes $footer -At 16 -Width 8 -Value -1
    Set-Number -Bytes $footer -At 24 -Width 4 -Value $seconds
    Set-Text -Bytes $footer -At 28 -Text 'prst'
    Set-Number -Bytes $footer -At 32 -Width 4 -Value 0x10000
    Set-Text -Bytes $footer -At 36 -Text 'Wi2k'
    Set-Number -Bytes $footer -At 40 -Width 8 -Value $Length
    Set-Number -Bytes $footer -At 48 -Width 8 -Value $Length
    Set-Number -Bytes $footer -At 56 -Width 2 -Value $cylinders
    Set-Number -Bytes $footer -At 58 -Width 1 -Value $heads
    Set-Number -Bytes $footer -At 59 -Width 1 -Value $track
    Set-Number -Bytes $footer -At 60 -Width 4 -Value 2
    [System.Guid]::NewGuid().ToByteArray().CopyTo($footer, 68)
    # One's complement of the sum of all bytes, the checksum's own counted as 0.
    $sum = 0
    foreach ($byte in $footer) {
        $sum += $byte
    }
    Set-Number -Bytes $footer -At 64 -Width 4 -Value (4294967295 - $sum)
    return , $footer
}

function Set-Number {
    <#
    .SYNOPSIS
        Writes a number into bytes, the highest first.
    #>
    param([byte[]] $Bytes, [int] $At, [int] $Width, [long] $Value)
    $number = [System.BitConverter]::GetBytes($Value)
    for ($place = 0; $place -lt $Width; $place++) {
        $Bytes[$At + $Width - 1 - $place] = $number[$place]
    }
}

function Set-Text {
    <#
    .SYNOPSIS
        Writes ASCII characters into bytes.
    #>
    param([byte[]] $Bytes, [int] $At, [string] $Text)
    [System.Text.Encoding]::ASCII.GetBytes($Text).CopyTo($Bytes, $At)
}

function Find-Part {
    <#
    .SYNOPSIS
        A file that must be there. With -WhatIf a missing one is named and counted as there.
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

function Assert-Request {
    <#
    .SYNOPSIS
        Refuses what cannot end well before anything is made.
    #>
    # It is a name for Hyper-V's cmdlets, which take * for every machine there is, and of a folder that -Remove deletes.
    if ($Name -notmatch '^[A-Za-z0-9][A-Za-z0-9 ._-]*$' -or $Name -match '[ .]$') {
        throw "-Name $Name is no name for the machine and its folder: letters, digits, spaces, dots, _ and - only, such as Pilot-2."
    }
    if (-not $Remove) {
        if (($DiskImage -eq '') -eq ($Media -eq '')) {
            throw 'Name either -DiskImage (a disk that is prestaged already) or -Media (a media WIM for a new disk).'
        }
        if ($Media -ne '' -and $AgentConfig -eq '') {
            throw '-Media needs -AgentConfig: agent.yaml with the keys that vouch for the media.'
        }
        if ($BootFromIso -and $Iso -eq '') {
            throw '-BootFromIso needs -Iso.'
        }
        if ($DiskImage -match '\.(qcow2|vmdk|vdi)$') {
            throw "$DiskImage is a format that Hyper-V does not read: qemu-img convert -O raw FROM disk.img makes a raw image of it."
        }
    }
    if ($WhatIfPreference) {
        return
    }
    if ($null -eq (Get-Command -Name 'New-VM' -ErrorAction SilentlyContinue)) {
        throw 'Hyper-V is not on this computer: Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All (as administrator), then restart.'
    }
    $there = $null -ne (Get-VM -Name $Name -ErrorAction SilentlyContinue)
    if ($there -and -not $Remove) {
        throw "A virtual machine $Name exists already: name another one, or remove it first with -Remove."
    }
    if ($there -and $Remove) {
        $path = (Get-VM -Name $Name).Path.TrimEnd('\')
        if ($path -ne $place) {
            throw "The virtual machine $Name lies in $path, not in $place; nothing was removed. Name its -Folder if it was made here, or remove it in Hyper-V Manager."
        }
    }
    if (-not $there -and $Remove) {
        throw "There is no virtual machine $Name. What is left of an earlier one may lie in $(Join-Path -Path $Folder -ChildPath $Name)."
    }
    if (-not $Remove -and (Test-Path -LiteralPath (Join-Path -Path $Folder -ChildPath $Name))) {
        throw "$(Join-Path -Path $Folder -ChildPath $Name) exists already: remove it, or name another -Folder."
    }
}

function New-Disk {
    <#
    .SYNOPSIS
        The VHDX, from a raw image, from a VHD(X), or from media laid on a new one.
    #>
    param([string] $Place, [string] $Vhdx)
    if ($Media -ne '') {
        New-MediaDisk -Place $Place -Vhdx $Vhdx
        return
    }
    $source = Find-Part -Path $DiskImage -Missing 'It was named with -DiskImage; prestage media apply MEDIA --to disk.img makes one.'
    if ($source -match '\.vhdx$') {
        Invoke-Step -Do 'copy' -With @($source, $Vhdx)
    }
    elseif ($source -match '\.vhd$') {
        Invoke-Step -Do 'Convert-VHD' -Named @{ Path = $source; DestinationPath = $Vhdx; VHDType = 'Dynamic' }
    }
    else {
        # A copy: the footer must not get into the image that others use.
        $fixed = Join-Path -Path $Place -ChildPath 'raw.vhd'
        if (-not $WhatIfPreference) {
            Assert-Raw -Source $source -Place $Place
        }
        Invoke-Step -Do 'copy' -With @($source, $fixed)
        Invoke-Step -Do 'append-footer' -With @($fixed)
        Invoke-Step -Do 'Convert-VHD' -Named @{ Path = $fixed; DestinationPath = $Vhdx; VHDType = 'Dynamic' }
        Invoke-Step -Do 'remove' -With @($fixed)
    }
    if ($WhatIfPreference -or (Get-VHD -Path $Vhdx).Size -lt $DiskGB * $GIB) {
        # The backup of the partition table is then not at the end any more; the first diskpart or Windows PE sets that right.
        Invoke-Step -Do 'Resize-VHD' -Named @{ Path = $Vhdx; SizeBytes = $DiskGB * $GIB }
    }
}

function Assert-Raw {
    <#
    .SYNOPSIS
        Refuses a file that is no disk, and a drive that cannot take its copy and the VHDX at once.
    #>
    param([string] $Source, [string] $Place)
    $length = (Get-Item -LiteralPath $Source).Length
    if ($length -eq 0 -or $length % 512 -ne 0) {
        throw "$Source is no disk image: it has $length bytes, and a disk is whole sectors of 512."
    }
    $drive = New-Object -TypeName System.IO.DriveInfo -ArgumentList ([System.IO.Path]::GetPathRoot($Place))
    if ($drive.AvailableFreeSpace -lt 2 * $length) {
        $needed = [math]::Ceiling(2 * $length / $GIB)
        throw "$($drive.Name) has too little space: the copy of $Source and the VHDX need up to $needed GB for a while. Name another drive with -Folder, or a VHDX with -DiskImage."
    }
}

function New-MediaDisk {
    <#
    .SYNOPSIS
        A new VHDX with the two volumes that media need, and the media laid on them by the depot's own command.
    #>
    param([string] $Place, [string] $Vhdx)
    $exe = $Agent
    if ($exe -eq '') {
        $exe = Join-Path -Path $PSScriptRoot -ChildPath '..\..\out\build\prestage.exe'
    }
    $exe = Find-Part -Path $exe -Missing 'Build it (npm run build), or name it with -Agent.'
    $wim = Find-Part -Path $Media -Missing 'It was named with -Media.'
    $config = Find-Part -Path $AgentConfig -Missing 'It was named with -AgentConfig.'
    foreach ($letter in 'S', 'W') {
        if (-not $WhatIfPreference -and (Test-Path -Path "$($letter):\")) {
            throw "$($letter): is in use; the new disk's volumes are S: and W: while media are laid on them. Free the letter."
        }
    }
    Invoke-Step -Do 'New-VHD' -Named @{ Path = $Vhdx; SizeBytes = $DiskGB * $GIB; Dynamic = $true }
    Invoke-Step -Do 'Mount-VHD' -Named @{ Path = $Vhdx; NoDriveLetter = $true }
    try {
        $number = 'N'
        if (-not $WhatIfPreference) {
            $number = (Get-VHD -Path $Vhdx).DiskNumber
        }
        $words = @('media', 'commands', $wim, '--disk', "$number", '--config', $config, '--diskpart')
        $text = Invoke-Step -Do $exe -With $words -Read
        $diskpart = Join-Path -Path $Place -ChildPath 'diskpart.txt'
        Invoke-Step -Do 'write' -With @($diskpart, ($text -join "`r`n"))
        Invoke-Step -Do 'diskpart.exe' -With @('/s', $diskpart)
        Invoke-Step -Do $exe -With @('media', 'apply', $wim, '--esp', 'S:\', '--volume', 'W:\', '--config', $config, '--yes')
    }
    finally {
        Invoke-Step -Do 'Dismount-VHD' -Named @{ Path = $Vhdx }
    }
}

function Remove-Machine {
    <#
    .SYNOPSIS
        Takes the virtual machine, its checkpoints and its folder away.
    #>
    param([string] $Place)
    if ($WhatIfPreference -or $null -ne (Get-VM -Name $Name -ErrorAction SilentlyContinue)) {
        Invoke-Step -Do 'Stop-VM' -Named @{ Name = $Name; TurnOff = $true; Force = $true }
        Invoke-Step -Do 'Remove-VM' -Named @{ Name = $Name; Force = $true }
    }
    if ($WhatIfPreference -or (Test-Path -LiteralPath $Place)) {
        Invoke-Step -Do 'remove' -With @($Place)
    }
}

function New-Machine {
    <#
    .SYNOPSIS
        The virtual machine around the disk.
    #>
    param([string] $Vhdx)
    $machine = @{ Name = $Name; Generation = 2; MemoryStartupBytes = $MemoryGB * $GIB; VHDPath = $Vhdx; Path = $Folder }
    if ($SwitchName -ne '') {
        $machine['SwitchName'] = $SwitchName
    }
    Invoke-Step -Do 'New-VM' -Named $machine
    # The whole memory from the first moment: Windows PE has no part in giving some of it back.
    Invoke-Step -Do 'Set-VM' -Named @{ Name = $Name; ProcessorCount = $Processors; StaticMemory = $true; AutomaticCheckpointsEnabled = $false; CheckpointType = 'Standard' }
    if ($Iso -ne '') {
        $disc = Find-Part -Path $Iso -Missing 'It was named with -Iso.'
        Invoke-Step -Do 'Add-VMDvdDrive' -Named @{ VMName = $Name; Path = $disc }
    }
    $firmware = @{ VMName = $Name; EnableSecureBoot = 'Off' }
    if ($SecureBoot -eq 'MicrosoftWindows') {
        $firmware = @{ VMName = $Name; EnableSecureBoot = 'On'; SecureBootTemplate = 'MicrosoftWindows' }
    }
    Invoke-Step -Do 'Set-VMFirmware' -Named $firmware
    $disk = 'the disk'
    $first = 'the disc'
    if (-not $WhatIfPreference) {
        $disk = Get-VMHardDiskDrive -VMName $Name
        $first = Get-VMDvdDrive -VMName $Name
    }
    $order = @($disk)
    if ($Iso -ne '') {
        $order = @($disk, $first)
    }
    if ($BootFromIso) {
        $order = @($first, $disk)
    }
    Invoke-Step -Do 'Set-VMFirmware' -Named @{ VMName = $Name; BootOrder = $order }
    if ($Tpm) {
        Invoke-Step -Do 'Set-VMKeyProtector' -Named @{ VMName = $Name; NewLocalKeyProtector = $true }
        Invoke-Step -Do 'Enable-VMTPM' -Named @{ VMName = $Name }
    }
    Invoke-Step -Do 'Checkpoint-VM' -Named @{ Name = $Name; SnapshotName = $CHECKPOINT }
}

# .NET does not know in which folder PowerShell is.
$Folder = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Folder).TrimEnd('\')
$place = Join-Path -Path $Folder -ChildPath $Name
$vhdx = Join-Path -Path $place -ChildPath 'disk.vhdx'
$made = $false
$done = $false
$exitCode = 1
try {
    Assert-Request
    if ($Remove) {
        Remove-Machine -Place $place
    }
    else {
        $made = $true
        Invoke-Step -Do 'make-folder' -With @($place)
        New-Disk -Place $place -Vhdx $vhdx
        New-Machine -Vhdx $vhdx
        if ($Start) {
            Invoke-Step -Do 'Start-VM' -Named @{ Name = $Name }
        }
        Write-Host "Its screen: vmconnect.exe localhost $Name. Back to the untouched disk: Restore-VMCheckpoint -VMName $Name -Name '$CHECKPOINT'"
    }
    $done = $true
    $exitCode = 0
}
catch {
    Write-Host $_.Exception.Message -ForegroundColor Red
}
finally {
    # Also after Ctrl-C, of which catch hears nothing.
    if ($made -and -not $done) {
        try {
            Remove-Machine -Place $place
        }
        catch {
            Write-Host "$place could not be removed: $($_.Exception.Message)" -ForegroundColor Red
        }
    }
}
exit $exitCode
