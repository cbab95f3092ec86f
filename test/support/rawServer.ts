import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

const list = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

/** A server of models elsewhere that answers posts with any bytes, and looks (GET) as it should. */
export class RawServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(answer: (socket: Socket) => void): Promise<RawServer> {
    const raw = new RawServer(answer);
    await new Promise<void>((resolve, reject) => raw.#server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return raw;
  }

  private constructor(answer: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      let text = '';
      socket.setEncoding('latin1').on('data', (piece: string) => {
        text += piece;
        for (let request = wholeRequest(text); request !== undefined; request = wholeRequest(text)) {
          text = text.slice(request.length);
          if (request.startsWith('GET ')) socket.write(list);
          else answer(socket);
        }
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The first one of those that have come, with its body; undefined where it is not there yet. */
function wholeRequest(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return undefined;
  const length = end + Number(text.slice(0, end).match(/\r\ncontent-length: (\d+)/i)?.[1] ?? 0);
  return text.length < length ? undefined : text.slice(0, length);
}
