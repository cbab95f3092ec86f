/** How much memory a server takes for a model that was never loaded. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type GgufHeader, readGgufHeader } from './header.ts';
import { weightsSize } from './weightsSize.ts';

/** What is read of a file, in bytes: the header of a model without its vocabulary has a few kilobytes. */
const headerBytes = 2 ** 18;
/** Bytes of a number in the cache: f16, which the servers use where nothing else is said. */
const cacheBytes = 2;
/** Where the header is not to be had, what the cache and the buffers are thought to take of the size of the weights. */
const otherShare = 0.1;

/**
 * The size of the files, and of the cache for as many tokens. Undefined where there is no such file.
 * @param contextSize Absent: as many as the model was trained for, which is what llama-server takes then.
 */
export function estimateMemory(path: string, contextSize: number | undefined): number | undefined {
  const weights = weightsSize(path);
  if (weights === undefined) return undefined;
  const header = headerOf(path);
  const cache = header && cacheSize(header, contextSize);
  return weights + (cache ?? Math.round(weights * otherShare));
}

/** Of the cache of a model, by its header; undefined where that does not say enough. */
export function cacheSize({ architecture, numbers }: GgufHeader, contextSize: number | undefined): number | undefined {
  const of = (key: string) => numbers.get(`${architecture}.${key}`);
  const layers = of('block_count')?.sum;
  const heads = of('attention.head_count');
  const cacheHeads = of('attention.head_count_kv') ?? heads;
  const width = of('embedding_length')?.sum;
  const tokens = contextSize ?? of('context_length')?.sum;
  if (layers === undefined || cacheHeads === undefined || tokens === undefined) return undefined;
  const perHead = width !== undefined && heads && heads.length === undefined && heads.sum > 0 ? width / heads.sum : undefined;
  const keyLength = of('attention.key_length')?.sum ?? perHead;
  const valueLength = of('attention.value_length')?.sum ?? perHead;
  if (keyLength === undefined || valueLength === undefined) return undefined;
  // A list has a number for each layer.
  const headsOfAll = cacheHeads.length === undefined ? cacheHeads.sum * layers : cacheHeads.sum;
  const bytes = Math.ceil(headsOfAll * (keyLength + valueLength) * tokens * cacheBytes);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

/** Undefined where it is none, or its header cannot be read. */
function headerOf(path: string): GgufHeader | undefined {
  let fd: number | undefined;
  try {
    // Opening a pipe would wait for its writer. Windows does not have it.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const bytes = Buffer.alloc(headerBytes);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return readGgufHeader(bytes.subarray(0, length));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
