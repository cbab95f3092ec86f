import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** In a folder of {@link installOnce}: all of it is there. */
const doneMark = 'installed';

/** Whether {@link installOnce} has nothing to do. */
export function isInstalledIn(folder: string): boolean {
  return existsSync(join(folder, doneMark));
}

/**
 * Has `install` fill a folder, once. It fills another one beside it, which gets the name when all is there: of several programs that install at once, each
 * uses what the first to finish has put there, and none sees half of it. One that is killed meanwhile leaves its own folder, which no other uses.
 */
export function installOnce(folder: string, install: (stage: string) => void): void {
  if (isInstalledIn(folder)) return;
  mkdirSync(dirname(folder), { recursive: true });
  const stage = mkdtempSync(`${folder}-`);
  try {
    install(stage);
    // A folder of mkdtemp(3) is its user's alone; tests run as another one, too.
    chmodSync(stage, 0o755);
    writeFileSync(join(stage, doneMark), `${new Date().toISOString()}\n`);
    if (isInstalledIn(folder)) return;
    // One without the mark is of an installation that did not get to its end.
    if (existsSync(folder)) renameSync(folder, join(stage, 'unfinished'));
    renameSync(stage, folder);
  } catch (error) {
    // Another one was faster, between the look and the renaming.
    if (!isInstalledIn(folder)) throw error;
  } finally {
    rmSync(stage, { recursive: true, force: true });
    rmSync(join(folder, 'unfinished'), { recursive: true, force: true });
  }
}
