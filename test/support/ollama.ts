import { spawn } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { eventually, exitOf } from './run.ts';

/** Takes a model from a GGUF file into `models` in `home`, which stands for the user's, and gives the file that Ollama loads from now on. */
export async function takeIntoOllama(name: string, file: string, home: string): Promise<string> {
  const port = await new NamedPorts().portFor('ollama');
  const models = join(home, 'models');
  const env = { ...process.env, HOME: home, OLLAMA_MODELS: models, OLLAMA_HOST: `127.0.0.1:${port}` };
  const server = spawn('ollama', ['serve'], { env, stdio: 'ignore' });
  const modelfile = join(home, 'Modelfile');
  try {
    await eventually('Ollama answers', () =>
      fetch(`http://127.0.0.1:${port}/api/version`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    writeFileSync(modelfile, `FROM ${file}\n`);
    const code = await exitOf(spawn('ollama', ['create', name, '-f', modelfile], { env, stdio: 'ignore' }));
    if (code !== 0) throw new Error(`ollama create: exit code ${code}`);
  } finally {
    server.kill();
    await exitOf(server);
  }
  const blobs = join(models, 'blobs');
  const [largest] = readdirSync(blobs)
    .map((blob) => join(blobs, blob))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  if (largest === undefined) throw new Error(`there is no model in ${blobs}`);
  return largest;
}
