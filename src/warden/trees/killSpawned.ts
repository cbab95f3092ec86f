/**
 * Ends a child, and what is in the group that it leads. Only for the turn of its spawn: until then it cannot have been collected, so its pid
 * is no other process's.
 */
export function killSpawned(pid: number): void {
  if (pid <= 1) return;
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It leads no group yet, or has ended by itself.
    }
  }
}
