/**
 * Builds `dist/`: six bundles for Node, one for the dashboard’s page, and the JSON schema that the editor completes processes.json with.
 *   node src/build/bundle.ts [--watch]
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, context } from 'esbuild';
import { processesJsonSchema } from '../config/schema.ts';
import { root } from './paths.ts';

const { values } = parseArgs({ options: { watch: { type: 'boolean' } } });

const shared: BuildOptions = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  minify: !values.watch,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'info',
  metafile: true,
};

/**
 * Packages that are bundles by themselves, because few need them and all others would have to read them at their start: half a megabyte
 * of HTTP for models, and the engine for regular expressions that users write.
 */
const apart = ['undici', 're2js'];

const forNode: BuildOptions = {
  ...shared,
  entryPoints: {
    extension: 'src/extension/main.ts',
    warden: 'src/warden/main.ts',
    gateway: 'src/gateway/main.ts',
    cli: 'src/cli/main.ts',
    mcp: 'src/mcp/main.ts',
    ...Object.fromEntries(apart.map((name) => [name, name])),
  },
  plugins: [
    {
      name: 'apart',
      setup: ({ onResolve }) =>
        onResolve({ filter: new RegExp(`^(${apart.join('|')})$`) }, ({ kind, path }) =>
          kind === 'entry-point' ? undefined : { path: `./${path}.js`, external: true },
        ),
    },
  ],
  platform: 'node',
  // The Node of the oldest VS Code in `engines`.
  target: 'node20',
  format: 'cjs',
  // Native code, found in node_modules at run time; `vscode` is the editor's.
  external: ['vscode', 'koffi', 'node-pty'],
  // Some packages' `main` is a bundle that esbuild cannot look into.
  mainFields: ['module', 'main'],
  // What stands in for `require` where the source is not bundled is never called in a bundle.
  logOverride: { 'empty-import-meta': 'silent' },
};

const forPages: BuildOptions = {
  ...shared,
  entryPoints: { dashboard: 'src/dashboard/main.ts' },
  platform: 'browser',
  target: 'es2023',
  format: 'iife',
};

rmSync(join(root, 'dist'), { recursive: true, force: true });
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(join(root, 'dist', 'processes.schema.json'), `${JSON.stringify(processesJsonSchema(), null, 2)}\n`);
if (values.watch) {
  for (const options of [forNode, forPages]) await (await context(options)).watch();
} else {
  const built = [await build(forPages), await build(forNode)];
  // What went into them, for the notices of the package.
  writeFileSync(join(root, 'dist', 'inputs.json'), JSON.stringify(built.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}))));
}
