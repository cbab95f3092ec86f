/** What nvidia-smi says, which the product itself never asks: it reads the library below it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Time limit of one question, in milliseconds: where no process keeps the driver awake, it takes seconds to wake up. */
const timeoutMillis = 30_000;

/** There is nothing to check; the message is a clause. */
export class NoDriverError extends Error {}

export interface GpuInfo {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly driverVersion: string;
}

async function query(what: string): Promise<string> {
  const args = [`--query-${what}`, '--format=csv,noheader,nounits'];
  return (await promisify(execFile)('nvidia-smi', args, { timeout: timeoutMillis })).stdout;
}

/** In the order of their numbers. @throws NoDriverError */
export async function listGpus(): Promise<readonly GpuInfo[]> {
  let text: string;
  try {
    text = await query('gpu=index,uuid,name,driver_version');
  } catch (error) {
    const { code, stdout = '' } = error as NodeJS.ErrnoException & { readonly stdout?: string };
    const [said = ''] = stdout.trim().split('\n');
    throw new NoDriverError(code === 'ENOENT' ? 'nvidia-smi is not in the PATH' : `nvidia-smi says '${said}' (exit status ${code})`);
  }
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [index, uuid = '', name = '', driverVersion = ''] = line.split(', ');
      return { index: Number(index), uuid, name, driverVersion };
    });
}

/** Bytes on all GPUs together of each process that computes on one, by pid; NaN where the driver does not know. */
export async function computeProcesses(): Promise<ReadonlyMap<number, number>> {
  return parseComputeProcesses(await query('compute-apps=pid,used_memory'));
}

/** A line of `PID, MEGABYTES` for each process and GPU. */
export function parseComputeProcesses(text: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const [, pid, used] of text.matchAll(/^(\d+), (.+)$/gm))
    found.set(Number(pid), (found.get(Number(pid)) ?? 0) + Number(used) * 2 ** 20);
  return found;
}

/** Why a process that uses a GPU is not in the list. */
export function whyNotListed(pid: number, listed: ReadonlySet<number>): string {
  if (listed.size === 0) return `nvidia-smi lists no process, and not ${pid}`;
  return `nvidia-smi lists ${[...listed].slice(0, 5).join(', ')}, and not ${pid}: in a container, the driver may report the pids of the host`;
}
