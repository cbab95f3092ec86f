/** Which Python and Node.js a process runs with. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ProcessSpec } from '../../../src/config/processSchema.ts';
import { resolveTemplate, type TemplateContext } from '../../../src/config/resolveSpec.ts';

describe('the Python and Node.js of a process', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'toolchains-'));
    const files = [
      'web/.venv/bin/python',
      'web/.venv/pyvenv.cfg',
      'web/sub/venv/bin/python',
      'web/sub/venv/pyvenv.cfg',
      'conda/envs/ml/bin/python',
      'conda/envs/ml/conda-meta/history',
      'active/bin/python',
      'active/pyvenv.cfg',
      ...['v18.1.0', 'v20.9.0', 'v20.11.1', 'v22.1.0'].map((version) => `nvm/versions/node/${version}/bin/node`),
      'nvm/versions/node/v20.99.0/share/none',
      'nvm/versions/node/system/bin/node',
      'fnm/node-versions/v20.12.0/installation/bin/node',
      'volta/tools/image/node/16.20.2/bin/node',
      'mise/installs/node/23.3.0/bin/node',
    ];
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '', { mode: 0o755 });
    }
    for (const [file, text] of [
      ['web/.nvmrc', '# the team has\nv20  # since May\n'],
      ['web/sub/.node-version', '18.1.0\n'],
      ['asdf/.tool-versions', 'python 3.12\nnodejs 22.1.0\n'],
      ['volted/package.json', '{ "volta": { "node": "16.20.2" } }'],
      ['odd/.nvmrc', 'newest'],
      ['none/package.json', '{ "volta": '],
    ] as const) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
  });
  after(() => rmSync(root, { recursive: true }));

  const environmentOf = async (
    spec: object,
    context: Partial<TemplateContext> = {},
    folder = 'web',
  ): Promise<Record<string, string | null>> => {
    const env = {
      PATH: '/usr/bin',
      NVM_DIR: join(root, 'nvm'),
      FNM_DIR: join(root, 'fnm'),
      VOLTA_HOME: join(root, 'volta'),
      MISE_DATA_DIR: join(root, 'mise'),
      ...context.env,
    };
    const template = await resolveTemplate({ command: ['x'], ...spec } as unknown as ProcessSpec, {
      workspaceFolder: join(root, folder),
      ...context,
      env,
    });
    return JSON.parse(JSON.stringify(template.env).replaceAll(root, ''));
  };
  const venv = (folder: string, path = '/usr/bin'): object => ({ VIRTUAL_ENV: folder, PYTHONHOME: null, PATH: `${folder}/bin:${path}` });

  it('are none whose interpreter cannot be run, because another one of PATH would run instead', async () => {
    const broken = join(root, 'broken');
    mkdirSync(join(broken, '.venv', 'bin', 'python'), { recursive: true });
    mkdirSync(join(broken, 'venv', 'bin'), { recursive: true });
    writeFileSync(join(broken, 'venv', 'bin', 'python'), '', { mode: 0o644 });
    await assert.rejects(environmentOf({ python: 'selected' }, {}, 'broken'), /no environment is selected or active/);
    await assert.rejects(
      environmentOf({ python: 'venv' }, {}, 'broken'),
      /is no Python environment: it has no interpreter in bin or Scripts that can be run\./,
    );
    const bin = join(broken, 'nvm', 'versions', 'node', 'v24.1.0', 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), '', { mode: 0o644 });
    await assert.rejects(
      environmentOf({ node: '24' }, { env: { NVM_DIR: join(broken, 'nvm') } }, 'broken'),
      /no Node\.js that matches '24'/,
    );
  });

  it('are not touched where nothing is said of them', async () => assert.deepEqual(await environmentOf({}), {}));

  it('is the environment that is named, of the project, active, or selected', async () => {
    assert.deepEqual(await environmentOf({ python: '.venv' }), venv('/web/.venv'));
    assert.deepEqual(await environmentOf({ python: 'selected' }), venv('/web/.venv'));
    assert.deepEqual(await environmentOf({ python: 'selected', cwd: 'sub' }), venv('/web/sub/venv'));
    assert.deepEqual(await environmentOf({ python: 'selected' }, { env: { VIRTUAL_ENV: join(root, 'active') } }), venv('/active'));
    assert.deepEqual(await environmentOf({ python: 'selected' }, { env: { VIRTUAL_ENV: join(root, 'gone') } }), venv('/web/.venv'));
    const ml = join(root, 'conda/envs/ml');
    const conda = { CONDA_PREFIX: '/conda/envs/ml', CONDA_DEFAULT_ENV: 'ml', PYTHONHOME: null, PATH: '/conda/envs/ml/bin:/usr/bin' };
    assert.deepEqual(await environmentOf({ python: '../conda/envs/ml' }), conda);
    assert.deepEqual(await environmentOf({ python: 'selected' }, { selectedPython: async () => ({ folder: ml, isConda: true }) }), conda);
    assert.deepEqual(
      await environmentOf(
        { python: 'selected' },
        { selectedPython: async () => ({ folder: '/usr', isConda: false, bin: '/usr/local/bin' }) },
      ),
      {
        PYTHONHOME: null,
        PATH: '/usr/local/bin:/usr/bin',
      },
    );
    assert.deepEqual(await environmentOf({ python: 'selected' }, { selectedPython: async () => undefined }), venv('/web/.venv'));
  });

  it('are in front of the PATH that is declared, and below what else is', async () => {
    const env = { PATH: '/own', VIRTUAL_ENV: 'mine' };
    assert.deepEqual(await environmentOf({ python: '.venv', env }), { PATH: '/web/.venv/bin:/own', VIRTUAL_ENV: 'mine', PYTHONHOME: null });
    assert.deepEqual(await environmentOf({ python: '.venv', env: { PATH: null } }), { ...venv('/web/.venv'), PATH: '/web/.venv/bin' });
    assert.equal((await environmentOf({ python: '.venv', node: '22' }))['PATH'], '/nvm/versions/node/v22.1.0/bin:/web/.venv/bin:/usr/bin');
  });

  const versions: readonly (readonly [string, string, string])[] = [
    ['selected', 'web', '/fnm/node-versions/v20.12.0/installation/bin'],
    ['selected', 'web/sub', '/nvm/versions/node/v18.1.0/bin'],
    ['selected', 'asdf', '/nvm/versions/node/v22.1.0/bin'],
    ['selected', 'volted', '/volta/tools/image/node/16.20.2/bin'],
    ['20.9', 'web', '/nvm/versions/node/v20.9.0/bin'],
    ['v20.11.x', 'web', '/nvm/versions/node/v20.11.1/bin'],
    ['lts/hydrogen', 'web', '/nvm/versions/node/v18.1.0/bin'],
    ['lts/*', 'web', '/nvm/versions/node/v22.1.0/bin'],
    ['node', 'web', '/mise/installs/node/23.3.0/bin'],
  ];
  for (const [written, folder, bin] of versions)
    it(`"node": "${written}" in ${folder} is ${bin}`, async () => {
      assert.deepEqual(await environmentOf({ node: written }, {}, folder), { PATH: `${bin}:/usr/bin` });
    });

  const refused: readonly (readonly [object, string, RegExp])[] = [
    [
      { python: 'missing' },
      'web',
      /^python: .*\/web\/missing is no Python environment: it has no interpreter in bin or Scripts that can be run\.$/,
    ],
    [
      { python: 'selected' },
      'none',
      /^python: no environment is selected or active, and there is none in .*\/none\/\.venv, .*\/none\/venv\./,
    ],
    [{ node: 'selected' }, 'none', /^node: no file says which version is meant: there is no \.nvmrc, .* in .*\/none\.$/],
    [{ node: 'selected' }, 'odd', /^node: 'newest' of .*\/odd\/\.nvmrc is no version that is understood/],
    [{ node: '>=20' }, 'web', /^node: '>=20' is no version/],
    [
      { node: '20.99' },
      'web',
      /^node: no Node\.js that matches '20\.99' is installed by a version manager\. It was looked for in .*nvm.*fnm.*mise/,
    ],
    [{ node: 'lts/unknown' }, 'web', /is no version/],
  ];
  for (const [spec, folder, message] of refused)
    it(`${JSON.stringify(spec)} in ${folder} is refused`, () => assert.rejects(environmentOf(spec, {}, folder), { message }));

  it('say which files they depend on, also those that are not there', async () => {
    const files: string[] = [];
    const toolchains: string[] = [];
    await environmentOf(
      { python: 'selected', node: 'selected', cwd: 'sub' },
      { onFile: (path) => void files.push(path.replace(root, '')), onToolchain: ({ name }) => void toolchains.push(name) },
    );
    assert.deepEqual(toolchains, ['python', 'node']);
    for (const file of ['/web/sub/.venv/bin/python', '/web/sub/.nvmrc', '/web/sub/.node-version']) assert.ok(files.includes(file), file);
  });
});
