// The first part of an NBD connection: fixed newstyle, options until the client has chosen the one disk that there is.
import {
  blockSizeInfo,
  decodeOption,
  exportAnswer,
  exportInfo,
  greeting,
  HANDSHAKE,
  OPTION,
  OPTION_HEADER_BYTES,
  OPTION_REPLY,
  optionReply,
} from './nbd-protocol.mjs';

/** proto.md: strings are at most 4096 bytes long, an option of ours holds one and little more. */
const OPTION_MAX_BYTES = 8192;

/** @returns whether requests follow; false: the client wants no more, or speaks another language. */
export async function shakeHands(bytes, send, sizeBytes) {
  await send(greeting());
  const flags = (await bytes.read(4)).readUInt32BE();
  if ((flags & ~(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes)) !== 0) return false;
  for (;;) {
    const asked = decodeOption(await bytes.read(OPTION_HEADER_BYTES));
    if (asked === undefined) return false;
    const { option, length } = asked;
    const answer = (reply, data) => send(optionReply(option, reply, data));
    if (length > OPTION_MAX_BYTES) {
      if (option === OPTION.exportName) return false;
      await bytes.skip(length);
      await answer(OPTION_REPLY.tooBig);
      continue;
    }
    const data = await bytes.read(length);
    switch (option) {
      case OPTION.exportName:
        // It cannot be refused but by ending the connection; the one disk has no name.
        if (length !== 0) return false;
        await send(exportAnswer(sizeBytes));
        if ((flags & HANDSHAKE.noZeroes) === 0) await send(Buffer.alloc(124));
        return true;
      case OPTION.abort:
        await answer(OPTION_REPLY.ack);
        return false;
      case OPTION.list:
        if (length !== 0) await answer(OPTION_REPLY.invalid);
        else {
          await answer(OPTION_REPLY.server, Buffer.alloc(4)); // the length of its name: none
          await answer(OPTION_REPLY.ack);
        }
        break;
      case OPTION.info:
      case OPTION.go: {
        const name = exportNameIn(data);
        if (name === undefined) await answer(OPTION_REPLY.invalid);
        else if (name !== '') await answer(OPTION_REPLY.unknown);
        else {
          await answer(OPTION_REPLY.info, exportInfo(sizeBytes));
          await answer(OPTION_REPLY.info, blockSizeInfo());
          await answer(OPTION_REPLY.ack);
          if (option === OPTION.go) return true;
        }
        break;
      }
      default:
        await answer(OPTION_REPLY.unsupported);
    }
  }
}

/** Data of INFO and GO: a name with its length before it, the count of what is asked about it, two bytes for each. */
function exportNameIn(data) {
  if (data.length < 6) return undefined;
  const nameBytes = data.readUInt32BE(0);
  if (nameBytes > data.length - 6) return undefined;
  const questions = data.readUInt16BE(4 + nameBytes);
  if (data.length !== 6 + nameBytes + questions * 2) return undefined;
  return data.toString('utf8', 4, 4 + nameBytes);
}
