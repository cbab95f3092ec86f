/** The programs of a Rust package. */
import { parse } from 'smol-toml';
import type { Discoverer, FoundTask } from './foundTask.ts';
import { asObject } from './jsonEntries.ts';
import { lineOf, literally, maxEntries } from './textLines.ts';

export const cargoRun: Discoverer = {
  kind: 'cargo',
  files: ['Cargo.toml'],
  isNested: true,
  find: (text, folder) => {
    const manifest = asObject(parse(text));
    if (manifest['package'] === undefined) return [];
    const listed = Array.isArray(manifest['bin']) ? manifest['bin'].map((bin: unknown) => asObject(bin)['name']) : [];
    const programs = listed.filter((name): name is string => typeof name === 'string' && /^[\w-]+$/.test(name));
    const hasMain = folder.has('src/main.rs');
    if (!hasMain && programs.length === 0) return [];
    const plain: FoundTask = { label: 'cargo run', command: 'cargo run', likely: true, line: lineOf(text, /^[ \t]*\[package\]/m) };
    // With one program, its name need not be said.
    if (programs.length <= 1) return [plain];
    return programs.slice(0, maxEntries).map((name) => ({
      label: `cargo run --bin ${name}`,
      command: `cargo run --bin ${name}`,
      likely: true,
      line: lineOf(text, new RegExp(`^[ \\t]*name\\s*=\\s*["']${literally(name)}["']`, 'm')),
    }));
  },
};
