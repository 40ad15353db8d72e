// Real web servers as distribution points, besides nginx: Apache httpd, lighttpd, Python's http.server, and `prestage serve` as it is shipped.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BUILD } from '../../scripts/setup/place.mjs';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** Serves `folder`, which everybody must be able to read. Needs the Debian package apache2-bin, which has no service. */
export function startApache(folder: string): Promise<ServerProcess> {
  return startServerProcess({
    name: 'apache',
    neverAsRoot: true,
    async prepare(prefix, port) {
      const modules = ['mpm_event', 'authz_core']
        .map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
        .join('\n');
      await writeFile(
        path.join(prefix, 'httpd.conf'),
        `
ServerRoot "${prefix}"
ServerName localhost
Listen 127.0.0.1:${port}
PidFile httpd.pid
ErrorLog error.log
Mutex file:${prefix}
${modules}
DocumentRoot "${folder}"
<Directory "${folder}">
  Require all granted
</Directory>
`,
      );
      return ['/usr/sbin/apache2', '-d', prefix, '-f', 'httpd.conf', '-D', 'FOREGROUND'];
    },
  });
}

/** Serves `folder`, which everybody must be able to read. Needs the Debian package lighttpd. */
export function startLighttpd(folder: string): Promise<ServerProcess> {
  return startServerProcess({
    name: 'lighttpd',
    neverAsRoot: true,
    async prepare(prefix, port) {
      await writeFile(
        path.join(prefix, 'lighttpd.conf'),
        `
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${folder}"
server.errorlog = "${prefix}/error.log"
mimetype.assign = ( "" => "application/octet-stream" )
`,
      );
      return ['/usr/sbin/lighttpd', '-D', '-f', path.join(prefix, 'lighttpd.conf')];
    },
  });
}

/** Python's http.server: HTTP/1.0, one request a connection, no ranges, no ETag. */
export function startPythonServer(folder: string): Promise<ServerProcess> {
  return startServerProcess({
    name: 'python',
    prepare: async (_prefix, port) => [
      'python3',
      '-u',
      '-m',
      'http.server',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--directory',
      folder,
    ],
  });
}

/** The built executable. */
export function startPrestageServe(folder: string): Promise<ServerProcess> {
  return startServerProcess({
    name: 'serve',
    prepare: async (_prefix, port) => [
      path.join(BUILD, 'prestage'),
      'serve',
      folder,
      '--port',
      `${port}`,
      '--no-status',
    ],
  });
}
