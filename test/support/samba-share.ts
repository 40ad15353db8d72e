// A folder as a share of a real Samba server, mounted by smbnetfs (libsmbclient behind FUSE), which works whether the kernel has cifs or not. Server and
// client have a network of their own, so that port 445 is free and nobody else reaches it. Needs root, or sudo without a password.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface SambaShare {
  /** The share as a path: where it is mounted. */
  readonly url: string;
  close(): Promise<void>;
}

/** Resolves when `folder` can be read through the share. */
export async function startSambaShare(folder: string): Promise<SambaShare> {
  const prefix = await mkdtemp(path.join(tmpdir(), 'samba-'));
  const mounted = path.join(prefix, 'mounted');
  await mkdir(mounted);
  await mkdir(path.join(prefix, '.smb'));
  await writeFile(path.join(prefix, '.smb', 'smb.conf'), configuration(folder, prefix));
  await writeFile(path.join(prefix, '.smb', 'smbnetfs.conf'), CLIENT, { mode: 0o600 });
  const [command = '', ...words] = [
    ...(process.getuid?.() === 0 ? [] : ['sudo', '-n']),
    ...['unshare', '--net', 'sh', '-c', SCRIPT, 'sh', prefix],
  ];
  // In a group of its own: smbd ends with its whole group.
  const child = spawn(command, words, { detached: true, stdio: ['pipe', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', piece => {
    complaints = `${complaints}${piece}`.slice(-2000);
  });
  const ended = once(child, 'exit');
  const close = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await rm(prefix, { recursive: true, force: true });
  };
  const url = path.join(mounted, '127.0.0.1', 'dp');
  for (let tries = 0; tries < 300 && child.exitCode === null; tries++) {
    // The names of server and share are taken on trust; only what is in it needs the server.
    const there = await readdir(url).then(
      () => true,
      () => false,
    );
    if (there) return { url, close };
    await wait(50);
  }
  await close();
  throw new Error(`the share is not there: ${complaints}`);
}

/** Stays until its input ends, as it does with the test at the latest. */
const SCRIPT = `
export HOME="$1" LC_ALL=C.UTF-8
ip link set lo up
smbd --foreground --configfile="$1/.smb/smb.conf" </dev/null >"$1/smbd.log" 2>&1 &
server=$!
until bash -c '</dev/tcp/127.0.0.1/445' 2>/dev/null; do kill -0 $server || exit 1; sleep 0.05; done
smbnetfs "$1/mounted" -f -o config="$1/.smb/smbnetfs.conf",allow_other </dev/null >&2 &
client=$!
cat >/dev/null
umount --lazy "$1/mounted"
kill $server $client
wait
`;

/** Everything of the server below its own folder; whoever comes is its guest, who may read. */
function configuration(folder: string, prefix: string): string {
  const folders = ['private dir', 'state directory', 'cache directory', 'lock directory', 'pid directory'];
  return `
[global]
server role = standalone server
map to guest = Bad User
guest account = root
${folders.map(name => `${name} = ${prefix}`).join('\n')}
ncalrpc dir = ${prefix}/ncalrpc
log file = ${prefix}/smbd.log
load printers = no
printcap name = /dev/null
disable spoolss = yes
[dp]
path = ${folder}
guest ok = yes
read only = yes
`;
}

/** Nobody is asked for other servers or passwords, and what is absent is remembered for a millisecond (without that memory, `neg_cache`, it hangs at its start). */
const CLIENT = `
smb_query_browsers "false"
use_libsecret "false"
neg_cache_timeout "1"
`;
