/**
 * Builds `dist/`: the bundles for Node, one for the dashboard’s page, the declarations of the library, and the JSON schema that the editor completes
 * processes.json with.
 *   node src/build/bundle.ts [--watch]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Readable in the stack of an error, as other libraries are. */
const forPrograms: BuildOptions = { ...forNode, entryPoints: { library: 'src/library/main.ts' }, minify: false };

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
writeDeclarations();
if (values.watch) {
  for (const options of [forNode, forPrograms, forPages]) await (await context(options)).watch();
} else {
  const built = [await build(forPages), await build(forPrograms), await build(forNode)];
  // What went into them, for the notices of the package.
  writeFileSync(join(root, 'dist', 'inputs.json'), JSON.stringify(built.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}))));
}

/** Of the library: what api.ts declares, and the functions that main.ts adds. */
function writeDeclarations(): void {
  const api = join(root, 'src', 'library', 'api.ts');
  const options = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--outDir', join(root, 'dist'), '--types', 'node'];
  const dialect = ['--target', 'es2023', '--module', 'preserve', '--lib', 'es2023,esnext.disposable', '--skipLibCheck'];
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), [...options, ...dialect, api], { stdio: 'inherit' });
  const made = join(root, 'dist', 'api.d.ts');
  const functions = 'export declare const spawn: Spawn;\nexport declare const run: Run;\n';
  writeFileSync(join(root, 'dist', 'library.d.ts'), `${readFileSync(made, 'utf8')}${functions}`);
  rmSync(made);
}
