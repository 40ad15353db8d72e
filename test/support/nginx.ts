// A real nginx as the distribution point: a plain process on a free loopback port, with its own configuration in a temporary folder.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startServerProcess } from './server-process.ts';

export interface Nginx {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** One line per answered request: method, path, Range (or `-`), status, bytes of the body. */
  requests(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Serves `folder`, on a free port unless one is wanted. Needs the Debian package nginx. */
export async function startNginx(folder: string, wantedPort?: number): Promise<Nginx> {
  const { url, prefix, close } = await startServerProcess({
    name: 'nginx',
    port: wantedPort,
    async prepare(below, port) {
      await writeFile(path.join(below, 'nginx.conf'), configuration(folder, port));
      return ['nginx', '-p', below, '-c', 'nginx.conf', '-e', 'error.log'];
    },
  });
  return {
    url,
    async requests() {
      const log = await readFile(path.join(prefix, 'access.log'), 'utf8');
      return log.split('\n').filter(line => line !== '');
    },
    close,
  };
}

/** One process, so that it ends with its signal and reads what the tests may read. */
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
  sendfile on;
  log_format asked '$request_method $uri "$http_range" $status $body_bytes_sent';
  access_log access.log asked;
  server {
    listen 127.0.0.1:${port};
    root "${folder}";
  }
}
`;
}
