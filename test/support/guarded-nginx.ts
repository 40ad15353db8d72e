// A real nginx as a company would have it: TLS, a client certificate of its own authority, and an account.
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import type { TlsAuthority } from './tls-authority.ts';

export interface GuardedNginx extends ServerProcess {
  /** One line per answered request: status, user (or `-`), subject of the client's certificate (or `-`), method and path. */
  requests(): Promise<readonly string[]>;
}

/** Serves `folder` at `https://127.0.0.1:port` to whoever has both. Needs the Debian package nginx. */
export async function startGuardedNginx(
  folder: string,
  { ca, server }: TlsAuthority,
  account: { readonly user: string; readonly password: string },
): Promise<GuardedNginx> {
  const running = await startServerProcess({
    name: 'guarded-nginx',
    async prepare(below, port) {
      const files = {
        'ca.pem': ca,
        'server.pem': server.cert,
        'server.key': server.key,
        accounts: `${account.user}:{PLAIN}${account.password}\n`,
        'nginx.conf': configuration(folder, port),
      };
      // What runs as root has workers that do not: they read the accounts.
      await chmod(below, 0o755);
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(below, name), text);
      return ['nginx', '-p', below, '-c', 'nginx.conf', '-e', 'error.log'];
    },
  });
  return {
    ...running,
    url: running.url.replace('http:', 'https:'),
    async requests() {
      const log = await readFile(path.join(running.prefix, 'access.log'), 'utf8');
      return log.split('\n').filter(line => line !== '');
    },
  };
}

function configuration(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${name};`)
    .join(' ');
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 256; }
http {
  ${temporary}
  types { application/json json; }
  default_type application/octet-stream;
  log_format shown '$status $remote_user $ssl_client_s_dn $request_method $uri';
  access_log access.log shown;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_client_certificate ca.pem;
    ssl_verify_client on;
    auth_basic "content";
    auth_basic_user_file accounts;
    root "${folder}";
  }
}
`;
}
