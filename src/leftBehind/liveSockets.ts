import { connect } from 'node:net';

/** How long a process may take to accept, in milliseconds; the kernel does it for one that is busy. */
const acceptMillis = 500;
const maxSockets = 200;

/** Nothing listens there: connect(2). */
const goneCodes: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK']);

/** Whether a process accepts connections on each of these. It is told nothing and asked nothing; where it cannot be seen, it does. */
export async function askSockets(paths: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
  const asked = [...new Set(paths)].slice(0, maxSockets);
  return new Map(await Promise.all(asked.map(async (path): Promise<[string, boolean]> => [path, await isServed(path)])));
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (served: boolean): void => {
      socket.destroy();
      resolve(served);
    };
    socket.setTimeout(acceptMillis, () => answer(true));
    socket.once('connect', () => answer(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => answer(!goneCodes.has(code)));
  });
}
