/** What models took when they were loaded last: one small file of the user, which all wardens write to. */
import { randomBytes } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { MeasuredMemory } from '../protocol/modelMemory.ts';
import { readBoundedFile } from './boundedFile.ts';
import { listOf } from './listOf.ts';
import { makeFolder } from './makeFolder.ts';
import { writeNewFile } from './newFile.ts';
import { stateFolder } from './stateFolder.ts';

/** Maximum number of models that are kept: those that were measured longest ago make room. */
const maxModels = 500;
/** Maximum size of the file that is read, in bytes; an entry has fewer than 2000. */
const maxFileBytes = 2 ** 20;
/** Maximum length of the name of a model, which is there for people. */
const maxNameLength = 200;

const bytes = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const size = z.object({ memoryBytes: bytes, gpuMemoryBytes: bytes });
const entry = z.object({
  key: z.string().regex(/^[\da-f]{24}$/),
  name: z.string().max(maxNameLength),
  /** Milliseconds since 1970. */
  measuredAt: z.number(),
  peak: size,
  settled: size,
});
const file = z.object({ format: z.literal(1), models: listOf(entry, maxModels) });

type Entry = z.output<typeof entry>;

export function modelMemoryFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'model-memory.json');
}

/** By the key of the model. Empty where there is no such file, or what is there is none of ours: it is measured anew then. Never throws. */
export function readModelMemory(path = modelMemoryFile()): ReadonlyMap<string, MeasuredMemory> {
  return new Map(entriesIn(path).map(({ key, peak, settled }) => [key, { peak, settled }]));
}

/**
 * Keeps what a model took. What another warden writes in the same moment may be lost, and is measured again at the next load.
 * @throws the system's error.
 */
export function keepModelMemory(key: string, name: string, measured: MeasuredMemory, path = modelMemoryFile()): void {
  const others = entriesIn(path).filter((one) => one.key !== key);
  const models: Entry[] = [
    ...others.slice(1 - maxModels),
    { key, name: name.slice(0, maxNameLength), measuredAt: Date.now(), ...measured },
  ];
  makeFolder(dirname(path));
  // A reader sees the file before it, or the whole of this one.
  const written = `${path}.${randomBytes(4).toString('hex')}.new`;
  try {
    writeNewFile(written, `${JSON.stringify({ format: 1, models }, undefined, 1)}\n`);
    renameSync(written, path);
  } catch (error) {
    removeIfThere(written);
    throw error;
  }
}

/** Those that were measured longest ago first. */
function entriesIn(path: string): readonly Entry[] {
  try {
    return file.parse(JSON.parse(readBoundedFile(path, maxFileBytes))).models;
  } catch {
    return [];
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not written.
  }
}
