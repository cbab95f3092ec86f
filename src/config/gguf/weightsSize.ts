import { statSync } from 'node:fs';

/** As llama.cpp names the files of a model that consists of several (tools/gguf-split). */
const splitName = /-(\d{5})-of-(\d{5})(\.gguf)$/i;
/** Maximum number of files of which the sizes are added up. */
const maxParts = 1000;

/** The size of a model's file in bytes, with all its parts where it is the first of several; undefined where that is not known. */
export function weightsSize(path: string): number | undefined {
  const sizes = partsOf(path).map((part) => {
    const stat = statSync(part, { throwIfNoEntry: false });
    return stat?.isFile() ? stat.size : 0;
  });
  return sizes.length > 0 && sizes.every((size) => size > 0) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
}

function partsOf(path: string): readonly string[] {
  const [, first, last = '', extension] = path.match(splitName) ?? [];
  const count = Number(last);
  if (first !== '00001' || count === 0 || count > maxParts) return first === undefined ? [path] : [];
  return Array.from({ length: count }, (_, index) =>
    path.replace(splitName, `-${String(index + 1).padStart(5, '0')}-of-${last}${extension}`),
  );
}
