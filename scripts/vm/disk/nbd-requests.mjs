// The second part of an NBD connection: requests, carried out in the order in which they come and answered one by one.
import {
  BLOCK_BYTES,
  COMMAND,
  COMMAND_FLAG,
  decodeRequest,
  ERROR,
  REQUEST_BYTES,
  simpleReply,
} from './nbd-protocol.mjs';

/** Resolves when the client has taken its leave, or says what is no request. */
export async function answerRequests(bytes, send, disk) {
  for (;;) {
    const request = decodeRequest(await bytes.read(REQUEST_BYTES));
    if (request === undefined || request.command === COMMAND.disconnect) return;
    const { cookie, command, length } = request;
    const refusal = refuse(request, disk.sizeBytes);
    if (refusal !== undefined) {
      if (command === COMMAND.write) await bytes.skip(length);
      await send(simpleReply(cookie, refusal));
      continue;
    }
    // A client that vanishes within a write has not written.
    const pieces = command === COMMAND.write ? await bytes.take(length) : [];
    let found;
    try {
      found = await carryOut(request, pieces, disk);
    } catch (error) {
      await send(simpleReply(cookie, errorNumber(error)));
      continue;
    }
    await send(simpleReply(cookie), found);
  }
}

/** @returns the bytes of a read */
function carryOut({ command, offset, length, flags }, pieces, disk) {
  const fua = (flags & COMMAND_FLAG.fua) !== 0;
  switch (command) {
    case COMMAND.read:
      return disk.read(offset, length);
    case COMMAND.write:
      return disk.write(offset, length, pieces, fua);
    // What was trimmed may be anything afterwards; zeros show who relies on it.
    case COMMAND.trim:
    case COMMAND.writeZeroes:
      return disk.zeroes(offset, length, fua);
    default:
      return disk.flush();
  }
}

/** @returns the error for what cannot be asked (proto.md, "Request types" and "Error values"), or undefined */
function refuse({ command, flags, offset, length }, sizeBytes) {
  if (!Object.values(COMMAND).includes(command)) return ERROR.invalid;
  const known = COMMAND_FLAG.fua | (command === COMMAND.writeZeroes ? COMMAND_FLAG.noHole : 0);
  if ((flags & ~known) !== 0) return ERROR.invalid;
  if (command === COMMAND.flush) return offset === 0 && length === 0 ? undefined : ERROR.invalid;
  const transfers = command === COMMAND.read || command === COMMAND.write;
  if (length === 0 || (transfers && length > BLOCK_BYTES.most)) return ERROR.invalid;
  if (offset + length > sizeBytes)
    return command === COMMAND.write || command === COMMAND.writeZeroes ? ERROR.noSpace : ERROR.invalid;
  if (offset % BLOCK_BYTES.least !== 0 || length % BLOCK_BYTES.least !== 0) return ERROR.invalid;
  return undefined;
}

function errorNumber(error) {
  if (error.code === 'ENOSPC') return ERROR.noSpace;
  return error.code === 'ESHUTDOWN' ? ERROR.shutdown : ERROR.io;
}
