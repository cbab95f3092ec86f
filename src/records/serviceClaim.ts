/** There is one model service of a user: which process that is stands in a file, and a process that would be another one sees it there. */
import { linkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { listBounded, readBoundedFile } from './boundedFile.ts';
import { writeNewFile } from './newFile.ts';
import { highestServiceNumber, maxEntries, removeFile, serviceFileNamed, serviceNumberOf, unfinishedSuffix } from './recordFiles.ts';

const claimant = z.object({ pid: z.int().min(2), startTime: z.number().nonnegative(), bootId: z.string().max(1000) });

export type ServiceClaimant = z.output<typeof claimant>;

/** Of one file, in bytes. */
const maxClaimBytes = 10_000;

/**
 * False where a process that `lives` has claimed it. Claims are numbered, and the newest one counts; one that is made is never changed or taken away, so of several
 * processes that see the newest claimant dead, only one makes the next.
 * @throws the system's error where the folder cannot be written.
 */
export function claimService(folder: string, own: ServiceClaimant, lives: (other: ServiceClaimant) => boolean): boolean {
  const numbers = claimsIn(folder);
  const newest = Math.max(0, ...numbers);
  const holder = newest === 0 ? undefined : readClaim(join(folder, serviceFileNamed(newest)));
  if (holder && lives(holder)) return false;
  const unfinished = join(folder, `model-service-${own.pid}.json${unfinishedSuffix}`);
  writeNewFile(unfinished, JSON.stringify(own));
  try {
    // Whole from the moment that it is there, and refused where another process was faster.
    linkSync(unfinished, join(folder, serviceFileNamed(newest + 1)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    removeFile(unfinished);
  }
  // Where this process was asleep between its look and its claim, the number may have been given away and freed again.
  if (claimsIn(folder).some((number) => number > newest + 1)) {
    removeFile(join(folder, serviceFileNamed(newest + 1)));
    return false;
  }
  for (const number of numbers) removeFile(join(folder, serviceFileNamed(number)));
  return true;
}

/** Behind the highest number there is no place for the next one: it is none of ours. */
function claimsIn(folder: string): number[] {
  const numbers = listBounded(folder, maxEntries).entries.flatMap(({ name }) => serviceNumberOf(name) ?? []);
  return numbers.filter((number) => number < highestServiceNumber);
}

/** Undefined where it cannot be read: what it claims is not known to live. */
function readClaim(path: string): ServiceClaimant | undefined {
  try {
    return claimant.parse(JSON.parse(readBoundedFile(path, maxClaimBytes)));
  } catch {
    return undefined;
  }
}
