import { homedir } from 'node:os';

/** The user's own folder; `/`, as login(1) has it, for a user without an entry in the password file and without HOME. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}
