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
import { editorSchema } from '../config/schema.ts';
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
 * of HTTP for models, and the engines for regular expressions, globs and cron patterns that users write.
 */
const apart = ['undici', 're2js', 'picomatch', 'croner'];

/** Parts that few windows or commands ever need, by the names of their bundles: an activation would have to read them. They are imported dynamically. */
const lazy: Readonly<Record<string, string>> = {
  'leftBehind.later': 'src/extension/leftBehind/finder.ts',
  'output.later': 'src/extension/output/main.ts',
  'portConflicts.later': 'src/extension/portConflicts/conflict.ts',
  'runs.later': 'src/extension/runs/main.ts',
  'statusList.later': 'src/extension/statusList/statusList.ts',
  debugging: 'src/debugging/main.ts',
  debugCommands: 'src/extension/debugging/main.ts',
  // With an emulator of a terminal.
  'top.later': 'src/cli/top/app.ts',
  guardMcp: 'src/extension/agents/guardMcpServers.ts',
  languageClients: 'src/extension/languageServers/client/main.ts',
  // With the parsers of YAML, TOML and JavaScript.
  discover: 'src/config/import/discover.ts',
};

const forNode: BuildOptions = {
  ...shared,
  entryPoints: {
    extension: 'src/extension/main.ts',
    warden: 'src/warden/main.ts',
    gateway: 'src/gateway/main.ts',
    metrics: 'src/metrics/main.ts',
    fileWatch: 'src/fileWatch/main.ts',
    cli: 'src/cli/main.ts',
    mcp: 'src/mcp/main.ts',
    leftBehind: 'src/leftBehind/main.ts',
    remote: 'src/remote/main.ts',
    ...Object.fromEntries(apart.map((name) => [name, name])),
    ...lazy,
  },
  plugins: [
    {
      name: 'lazy',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
          const [bundle] = Object.entries(lazy).find(([, file]) => join(root, file) === join(resolveDir, path)) ?? [];
          return kind === 'entry-point' || bundle === undefined ? undefined : { path: `./${bundle}.js`, external: true };
        }),
    },
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
writeFileSync(join(root, 'dist', 'processes.schema.json'), `${JSON.stringify(editorSchema(), null, 2)}\n`);
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
