// What a server says by TLS when it ends a connection reaches whoever waits for an answer. In TLS 1.3 the handshake is over before the server has looked
// at the client's certificate: that it wants one (alert 116) comes in place of the answer (RFC 8446 section 4.4.2.4).
import type { buildConnector } from 'undici';

/**
 * undici forgets the alert: Node tells it without destroying the socket, and the end of the stream that follows is taken for the error.
 * @returns a connector whose sockets are destroyed by the first error.
 */
export function heedAlerts(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...connected) => {
      const [, socket] = connected;
      socket?.once('error', alert => socket.destroy(alert));
      callback(...connected);
    });
}
