/** Where the model service of a user is, so that it is at the same address with the same token the next time. */
import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { readBoundedFile } from './boundedFile.ts';
import { makeFolder } from './makeFolder.ts';
import { writeNewFile } from './newFile.ts';
import { removeFile } from './recordFiles.ts';
import { stateFolder } from './stateFolder.ts';

/** A token that no client could be asked for would let none in for ever. */
const address = z.object({ port: z.int().min(1).max(65_535), token: z.string().regex(/^[\x21-\x7e]{16,1024}$/) });

export type ServiceAddress = z.output<typeof address>;

/** Of the file, in bytes. */
const maxBytes = 10_000;

/** Undefined where there is none yet, or the file cannot be read. */
export function readServiceAddress(folder = stateFolder()): ServiceAddress | undefined {
  try {
    return address.parse(JSON.parse(readBoundedFile(pathIn(folder), maxBytes)));
  } catch {
    return undefined;
  }
}

/** For this user alone. @throws the system's error. */
export function writeServiceAddress(written: ServiceAddress, folder = stateFolder()): void {
  const path = pathIn(folder);
  makeFolder(dirname(path));
  const unfinished = `${path}.${process.pid}.new`;
  try {
    writeNewFile(unfinished, JSON.stringify(written));
    renameSync(unfinished, path);
  } catch (error) {
    removeFile(unfinished);
    throw error;
  }
}

function pathIn(folder: string): string {
  return join(folder, 'model-service.json');
}
