import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../fixtures/gpu', import.meta.url));

/** Stands in for NVIDIA's driver: its libraries and its program, which agree on who uses a GPU by one file. */
export class StandInGpu {
  readonly #folder: string;

  /** `folder`: of the test; it compiles into a new one in there. */
  constructor(folder: string) {
    this.#folder = join(folder, 'driver');
    mkdirSync(this.#folder);
    this.#compile('nvml.c', 'libnvidia-ml.so.1', '-shared', '-fPIC');
    this.write('');
  }

  /** With CUDA and nvidia-smi. */
  static whole(folder: string): StandInGpu {
    const gpu = new StandInGpu(folder);
    gpu.#compile('cuda.c', 'libcuda.so.1', '-shared', '-fPIC');
    gpu.#compile('nvidiaSmi.c', 'nvidia-smi');
    return gpu;
  }

  /** What a process needs to find it. */
  get env(): { readonly LD_LIBRARY_PATH: string; readonly FAKE_NVML: string; readonly PATH: string } {
    return { LD_LIBRARY_PATH: this.#folder, FAKE_NVML: join(this.#folder, 'users'), PATH: `${this.#folder}:${process.env['PATH']}` };
  }

  /** Lines of `PID BYTES PERCENT`. */
  write(users: string): void {
    writeFileSync(this.env.FAKE_NVML, users);
  }

  #compile(source: string, into: string, ...options: readonly string[]): void {
    execFileSync('cc', [...options, '-o', join(this.#folder, into), join(sources, source)]);
  }
}
