// The bytes of a socket, taken in the amounts that a protocol wants; never gathered into one buffer of everything.

/** More than this waiting, and the sender waits too. */
const WAITING_MAX_BYTES = 4 * 1024 * 1024;

/** The other end is gone; nothing more comes. */
export class SocketEnded extends Error {}

/** Takes over the reading of `socket`. Its errors end it, and are no error of the reader's. */
export function readSocket(socket) {
  const waiting = [];
  let available = 0;
  let ended = false;
  let wanted = 0;
  let wake;

  const tell = () => {
    if (wake === undefined || (available < wanted && !ended)) return;
    const woken = wake;
    wake = undefined;
    woken();
  };
  socket.on('data', piece => {
    waiting.push(piece);
    available += piece.length;
    if (available >= Math.max(wanted, WAITING_MAX_BYTES)) socket.pause();
    tell();
  });
  const end = () => {
    ended = true;
    tell();
  };
  socket.on('end', end);
  socket.on('close', end);
  socket.on('error', end);

  async function wait(length) {
    if (available >= length) return;
    wanted = length;
    socket.resume();
    await new Promise(resolve => {
      wake = resolve;
      tell();
    });
    wanted = 0;
    if (available < length) throw new SocketEnded('the connection ended');
  }

  /** @returns the next `length` bytes as they came, in one or several buffers. Throws SocketEnded. */
  async function take(length) {
    await wait(length);
    const pieces = [];
    let missing = length;
    while (missing > 0) {
      const [first] = waiting;
      if (first.length <= missing) {
        pieces.push(waiting.shift());
        missing -= first.length;
      } else {
        pieces.push(first.subarray(0, missing));
        waiting[0] = first.subarray(missing);
        missing = 0;
      }
    }
    available -= length;
    if (available < WAITING_MAX_BYTES && socket.isPaused()) socket.resume();
    return pieces;
  }

  return {
    take,
    /** The same as one buffer, for the small parts of a protocol. */
    async read(length) {
      const pieces = await take(length);
      return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    },
    /** Lets `length` bytes go by. */
    async skip(length) {
      for (let left = length; left > 0; ) {
        const step = Math.min(left, WAITING_MAX_BYTES);
        await take(step);
        left -= step;
      }
    },
  };
}
