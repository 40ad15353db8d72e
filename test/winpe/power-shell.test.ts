// No PowerShell runs here: the scripts are parsed, and what can be told from their syntax is judged.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { WINPE_FILES } from '../../scripts/sample/boot-image.mjs';
import { parsePowerShell, readPowerShell } from './power-shell-tree.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SCRIPTS = [
  { file: 'winpe/build-boot-image.ps1', page: 'docs/boot-image.md' },
  { file: 'scripts/hyper-v/New-PrestageVm.ps1', page: 'docs/hyper-v.md' },
].map(each => ({ ...each, script: readPowerShell(each.file) }));

/** Cmdlets that only look, by module, with the parameters used of them. Microsoft's reference of each module has them in 5.1. */
const LOOKING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Microsoft.PowerShell.Management': {
    'Get-Content': 'LiteralPath',
    'Get-ChildItem': 'LiteralPath Filter',
    'Get-Item': 'Path LiteralPath',
    'Join-Path': 'Path ChildPath',
    'Split-Path': 'Path Leaf Parent',
    'Test-Path': 'Path LiteralPath',
  },
  'Microsoft.PowerShell.Utility': {
    'Get-Date': '',
    'New-Object': 'TypeName ArgumentList',
    'Select-String': 'LiteralPath Pattern Quiet',
    'Sort-Object': '',
    'Start-Sleep': 'Seconds',
    'Write-Host': 'ForegroundColor',
  },
  'Microsoft.PowerShell.Core': {
    'Get-Command': 'Name ErrorAction',
    'Out-Host': '',
    'Out-Null': '',
    'Set-StrictMode': 'Version',
    'Where-Object': '',
  },
  'Hyper-V': {
    'Get-VHD': 'Path',
    'Get-VM': 'Name ErrorAction',
    'Get-VMDvdDrive': 'VMName',
    'Get-VMHardDiskDrive': 'VMName',
  },
};

/** Cmdlets that change something: in Invoke-Step alone, or named to it by `-Do`. */
const CHANGING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Microsoft.PowerShell.Management': {
    'Copy-Item': 'LiteralPath Destination Recurse Force',
    'Move-Item': 'LiteralPath Destination Force',
    'New-Item': 'ItemType Path Force',
    'Remove-Item': 'LiteralPath Recurse Force',
    'Set-ItemProperty': 'LiteralPath Name Value',
  },
  'Hyper-V': {
    'Add-VMDvdDrive': 'VMName Path',
    'Checkpoint-VM': 'Name SnapshotName',
    'Convert-VHD': 'Path DestinationPath VHDType',
    'Dismount-VHD': 'Path',
    'Enable-VMTPM': 'VMName',
    'Mount-VHD': 'Path NoDriveLetter',
    'New-VHD': 'Path SizeBytes Dynamic',
    'New-VM': 'Name Generation MemoryStartupBytes VHDPath Path SwitchName',
    'Remove-VM': 'Name Force',
    'Resize-VHD': 'Path SizeBytes',
    'Set-VM': 'Name ProcessorCount StaticMemory AutomaticCheckpointsEnabled CheckpointType',
    'Set-VMFirmware': 'VMName EnableSecureBoot SecureBootTemplate BootOrder',
    'Set-VMKeyProtector': 'VMName NewLocalKeyProtector',
    'Start-VM': 'Name',
    'Stop-VM': 'Name TurnOff Force',
  },
};

const parametersIn = (table: typeof LOOKING): ReadonlyMap<string, readonly string[]> =>
  new Map(
    Object.values(table).flatMap(module =>
      Object.entries(module).map(([name, words]) => [name, words.split(' ')] as const),
    ),
  );
const looking = parametersIn(LOOKING);
const changing = parametersIn(CHANGING);

describe.each(SCRIPTS)('$file', ({ script, page }) => {
  test('is PowerShell as far as its grammar goes', () => {
    expect(script.mistakes).toEqual([]);
    expect(script.calls.length).toBeGreaterThan(50);
  });

  // Windows PowerShell 5.1 takes a file without a mark for ANSI.
  test('is ASCII, with the line ends of Windows, and names the version it needs', () => {
    expect([...script.bytes].filter(byte => byte > 0x7e)).toEqual([]);
    expect(script.text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(script.text).toMatch(/^#Requires -Version 5\.1\r\n/);
  });

  test('stops at the first error, and says with which code it ended', () => {
    expect(script.text).toContain("$ErrorActionPreference = 'Stop'");
    expect(script.calls.find(call => call.name === 'Set-StrictMode')?.within).toBeUndefined();
    expect(script.text.trimEnd()).toMatch(/\nexit \$exitCode$/);
  });

  test('has only words that Windows PowerShell 5.1 knows: no ternary, no ?? and no && between commands', () => {
    const code = script.text.replaceAll(/<#[\s\S]*?#>|'(?:[^']|'')*'|"(?:[^"`]|`.|"")*"|#.*$/gm, '');
    expect(code).not.toMatch(/\?\?|&&|\|\||\s\?\s|\?\./);
  });

  test('describes itself and every function, every parameter of its own, and shows examples', () => {
    const help = /<#[\s\S]*?#>/.exec(script.text)?.[0] ?? '';
    expect([...help.matchAll(/\.PARAMETER (\w+)/g)].map(match => match[1])).toEqual(
      expect.arrayContaining([...script.parameters]),
    );
    expect(help.match(/\.EXAMPLE/g)?.length).toBeGreaterThan(2);
    for (const [name, { text }] of script.functions) expect(text, name).toMatch(/\{\s+<#\s+\.SYNOPSIS\s+\S/);
  });

  test('shows in its examples only parameters that it has', () => {
    const shown = [...script.text.matchAll(/^ {4}\.\\\S+\.ps1 (.*)$/gm)].flatMap(match =>
      [...match[1]!.matchAll(/(?:^|\s)-(\w+)/g)].map(word => word[1]!),
    );
    expect(shown.filter(word => ![...script.parameters, 'WhatIf'].includes(word))).toEqual([]);
  });

  test('has each of its parameters in the guide, and no other there', () => {
    const words = readFileSync(path.join(ROOT, page), 'utf8');
    const table = [...words.matchAll(/^\| `-(\w+)/gm)].map(match => match[1]);
    expect(table.toSorted()).toEqual(script.parameters.toSorted());
  });

  test('runs programs and changes files in one function only, which asks -WhatIf first', () => {
    expect(script.calls.filter(call => call.byOperator && call.within !== 'Invoke-Step')).toEqual([]);
    const changes = script.calls.filter(call => changing.has(call.name) && call.within !== 'Invoke-Step');
    expect(changes.map(call => `${call.line}: ${call.text}`)).toEqual([]);
    const writes = script.methods.filter(({ name }) =>
      /::(Write|Open|Create|Delete|Move|Copy)|\.(Write|Seek)$/.test(name),
    );
    expect(writes.filter(({ within }) => within !== 'Invoke-Step')).toEqual([]);
    const { text } = script.functions.get('Invoke-Step')!;
    const guard = text.indexOf('if (-not $PSCmdlet.ShouldProcess(');
    const acts = ['& $Do', 'New-Item', 'Copy-Item', 'Remove-Item', '[System.IO.File]'].map(word =>
      text.indexOf(word),
    );
    expect(guard).toBeGreaterThan(0);
    for (const act of acts) expect(act).toBeGreaterThan(guard);
    expect(text).toMatch(/\[CmdletBinding\(SupportsShouldProcess = \$true\)\]/);
    expect(script.text).toMatch(/#>\r\n\[CmdletBinding\(SupportsShouldProcess = \$true\)\]/);
  });

  test('calls only its own functions and cmdlets that are known, with parameters that they have', () => {
    const unknown = script.calls.flatMap(({ name, parameters, byOperator, line }) => {
      if (byOperator) return [];
      const has = script.functions.get(name)?.parameters ?? looking.get(name) ?? changing.get(name);
      if (has === undefined) return [`${line}: ${name}`];
      return parameters.filter(word => !has.includes(word)).map(word => `${line}: ${name} -${word}`);
    });
    expect(unknown).toEqual([]);
  });

  // With Set-StrictMode a mistyped name ends the script, where it runs: here it is found.
  test('uses only variables that get a value somewhere, and those of PowerShell itself', () => {
    const own = [
      '_',
      'true',
      'false',
      'null',
      'pscmdlet',
      'psscriptroot',
      'lastexitcode',
      'whatifpreference',
    ];
    const unknown = script.variables.filter(
      name => !script.assigned.has(name) && !own.includes(name) && !/^env:/.test(name),
    );
    expect([...new Set(unknown)]).toEqual([]);
    expect(script.assigned.size).toBeGreaterThan(30);
  });

  test('asks Invoke-Step only for what it does, or for a program or cmdlet that is known', () => {
    const handled = [...script.functions.get('Invoke-Step')!.text.matchAll(/^ +'([a-z-]+)' \{/gm)].map(
      match => match[1]!,
    );
    const asked = script.calls
      .filter(call => call.name === 'Invoke-Step')
      .map(call => /-Do (\S+)/.exec(call.text)?.[1] ?? '')
      .map(word => word.replaceAll("'", ''));
    expect(asked.length).toBeGreaterThan(10);
    const known = (word: string): boolean =>
      handled.includes(word) ||
      changing.has(word) ||
      /^\$(Kit\.)?\w+$/i.test(word) ||
      word === 'diskpart.exe';
    expect(asked.filter(word => !known(word))).toEqual([]);
    expect(handled.filter(word => !asked.includes(word))).toEqual([]);
  });

  test('gives cmdlets that it names to Invoke-Step only parameters that they have', () => {
    const named = script.calls.filter(call => /-Named @\{/.test(call.text));
    for (const { text } of named) {
      const name = /-Do '([\w-]+)'/.exec(text)?.[1] ?? '';
      const keys = [...(/@\{(.*)\}/.exec(text)?.[1] ?? '').matchAll(/(?:^|;)\s*(\w+) =/g)].map(
        match => match[1]!,
      );
      expect(keys.length).toBeGreaterThan(0);
      expect(
        keys.filter(key => !changing.get(name)?.includes(key)),
        text,
      ).toEqual([]);
    }
  });
});

const build = SCRIPTS[0]!.script;
const machine = SCRIPTS[1]!.script;

test('a brace that is missing, a name that is mistyped and a program that is called on the way are seen', () => {
  const seen = (text: string) => parsePowerShell(Buffer.from(text));
  expect(seen('if ($a) {\r\n    Get-Item -Path $a\r\n').mistakes).not.toEqual([]);
  const typed = seen('$first = 1\r\nWrite-Host $frist\r\n');
  expect(typed.variables.filter(name => !typed.assigned.has(name))).toEqual(['frist']);
  const called = seen('function A {\r\n    & $tool /x\r\n    Copy-Item -Path a\r\n}\r\n').calls;
  expect(called.map(({ byOperator, within, name }) => [byOperator, within, name])).toEqual([
    [true, 'A', '$tool'],
    [false, 'A', 'Copy-Item'],
  ]);
});

test('what is looked up of the ADK by name is what was found', () => {
  const found = [...build.functions.get('Find-Kit')!.text.matchAll(/^ +(\w+) += /gm)].map(match => match[1]!);
  const used = [...build.text.matchAll(/\$kit\.(\w+)/gi)].map(match => match[1]!);
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter(name => !found.includes(name))).toEqual([]);
});

test('the image that was mounted is let go on every way out, and before it is mounted the script knows', () => {
  const body = build.text.slice(build.text.lastIndexOf('\r\ntry {'));
  expect(body.indexOf('$mounted = $true')).toBeLessThan(body.indexOf("'/Mount-Image'"));
  expect(body.indexOf("'/Commit'")).toBeLessThan(body.indexOf('$mounted = $false'));
  expect(body.slice(body.indexOf('finally {'))).toMatch(/if \(\$mounted\)[\s\S]*'\/Discard'/);
});

test('a virtual machine that was not finished is removed on every way out', () => {
  const body = machine.text.slice(machine.text.lastIndexOf('\r\ntry {'));
  expect(body.slice(body.lastIndexOf('finally {'))).toMatch(
    /if \(\$made -and -not \$done\)[\s\S]*Remove-Machine/,
  );
});

// Get-VM and Remove-VM take wildcards, and the folder of this name is deleted with all that is in it.
test('-Remove takes one machine by its plain name, and only where this script made it', () => {
  const { text } = machine.functions.get('Assert-Request')!;
  const allowed = new RegExp(/\$Name -notmatch '(.*?)'/.exec(text)![1]!);
  expect(['Pilot', 'Pilot-2', 'A b_1.x'].filter(name => !allowed.test(name))).toEqual([]);
  expect(['*', 'P?', '[ab]', '..', '.', 'a\\b', 'a/b', ''].filter(name => allowed.test(name))).toEqual([]);
  const where =
    /if \(\$there -and \$Remove\) \{\s+\$path = \(Get-VM -Name \$Name\)\.Path[\s\S]*?\$path -ne \$place[\s\S]*?throw/;
  expect(text).toMatch(where);
  const body = machine.text.slice(machine.text.lastIndexOf('\r\ntry {'));
  expect(body.indexOf('Assert-Request')).toBeLessThan(body.indexOf('Remove-Machine'));
});

test('the boot image gets every launcher file at the place that it has on Linux, too', () => {
  const { text } = build.functions.get('Add-Agent')!;
  for (const [name, place] of Object.entries(WINPE_FILES)) {
    const list = place.startsWith('Prestage/') ? /foreach \(\$name in (.*)\)/ : /\$shellFiles \+?= (.*)/g;
    expect([...text.matchAll(new RegExp(list.source, 'g'))].map(match => match[1]).join(), name).toContain(
      `'${name}'`,
    );
  }
});

test('the template of agent.yaml is refused by the key that stands in it', () => {
  const key = /\$EXAMPLE_KEY = '(.*)'/.exec(build.text)?.[1];
  expect(readFileSync(path.join(ROOT, 'winpe/agent.yaml'), 'utf8')).toContain(`ed25519:${key}`);
});

test('optional components that others need are not needed in a circle', () => {
  const table = /\$NEEDS = @\{([\s\S]*?)\r\n\}/.exec(build.text)?.[1] ?? '';
  const needs = new Map(
    [...table.matchAll(/'([\w-]+)'\s+= @\((.*)\)/g)].map(([, name, list]) => [
      name!,
      [...list!.matchAll(/'([\w-]+)'/g)].map(match => match[1]!),
    ]),
  );
  expect(needs.get('WinPE-PowerShell')).toEqual(['WinPE-WMI', 'WinPE-NetFx', 'WinPE-Scripting']);
  const reach = (name: string, seen: readonly string[]): void => {
    expect(seen).not.toContain(name);
    for (const next of needs.get(name) ?? []) reach(next, [...seen, name]);
  };
  for (const name of needs.keys()) reach(name, []);
});

// Microsoft, "Virtual Hard Disk Image Format Specification", Hard Disk Footer Format.
test('the footer of a fixed VHD has its fields where the specification has them', () => {
  const { text } = machine.functions.get('Get-VhdFooter')!;
  const fields = [
    ...text.matchAll(/Set-(Number|Text) -Bytes \$footer -At (\d+) (?:-Width (\d)|-Text '(.*)')/g),
  ].map(([, , at, width, words]) => [Number(at), width === undefined ? words!.length : Number(width)]);
  expect(fields.toSorted(([a], [b]) => a! - b!)).toEqual([
    [0, 8], // cookie
    [8, 4], // features
    [12, 4], // file format version
    [16, 8], // data offset: none
    [24, 4], // seconds since 2000
    [28, 4], // creator
    [32, 4], // its version
    [36, 4], // its system
    [40, 8], // original size
    [48, 8], // current size
    [56, 2], // cylinders
    [58, 1], // heads
    [59, 1], // sectors a track
    [60, 4], // fixed
    [64, 4], // checksum
  ]);
  expect(text).toContain('CopyTo($footer, 68)'); // unique ID
});
