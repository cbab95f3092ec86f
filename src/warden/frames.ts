import type { Socket } from 'node:net';

/** Of a message, in bytes: more than any environment and any list of models has. */
const maxBody = 16 * 2 ** 20;
/** Of what stands before a message. */
const maxHead = 4096;
/** Maximum number of messages taken of one chunk before the next chunk. */
const manyMessages = 16;
const headEnd = '\r\n\r\n';

/**
 * Looks at the messages of a connection as they come (`Content-Length: N`, an empty line, N bytes), before they are kept anywhere, and closes it where one is none or is too
 * long. To be called before anything else listens to it.
 */
export function boundFrames(socket: Socket): void {
  let head = '';
  /** Number of bytes still to come of the message that is being received. */
  let left = 0;
  socket.on('data', (chunk: Buffer) => {
    let messages = 0;
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const taken = Math.min(left, chunk.length - at);
        left -= taken;
        at += taken;
        continue;
      }
      const before = head.length;
      head += chunk.toString('latin1', at, at + maxHead);
      const end = head.indexOf(headEnd, Math.max(0, before - headEnd.length));
      if (end < 0) {
        if (head.length >= maxHead) return void socket.destroy();
        return;
      }
      const [, length] = head.slice(0, end).match(/^content-length:[ \t]*(\d{1,9})[ \t]*$/im) ?? [];
      if (length === undefined || Number(length) > maxBody) return void socket.destroy();
      at += end + headEnd.length - before;
      left = Number(length);
      head = '';
      messages++;
    }
    if (messages > manyMessages) pauseFor(socket, messages);
  });
}

/** They are dealt with one a turn: until then, no more are taken in. */
function pauseFor(socket: Socket, turns: number): void {
  socket.pause();
  let left = turns;
  const turn = (): void => {
    if (--left > 0) setImmediate(turn);
    else socket.resume();
  };
  setImmediate(turn);
}
