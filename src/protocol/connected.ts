import type { Socket } from 'node:net';

/** Resolves when it is connected; what goes wrong later is told by its end. @throws the system's error where it cannot be. */
export function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.on('error', () => undefined);
      resolve();
    });
    socket.once('error', reject);
  });
}
