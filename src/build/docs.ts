/**
 * Writes the generated sections of docs/configuration.md, docs/cli.md, docs/library.md and docs/protocol.md; a unit test says when they are stale.
 *   node src/build/docs.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';
import { generatedDocuments } from './reference/documents.ts';

for (const { file, content } of generatedDocuments((file) => readFileSync(join(root, file), 'utf8')))
  writeFileSync(join(root, file), content);
