import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** See proc_pid_net(5). */
const listeningState = '0A';

/** How many TCP sockets a process listens on. */
export function listenersOf(pid: number): number {
  const inodes = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === listeningState)
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return inodes.includes(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false; // It was closed meanwhile.
    }
  }).length;
}
