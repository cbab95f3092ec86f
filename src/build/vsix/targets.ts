/** Every VSIX that is made, by VS Code's name of its target, and the native parts that go into it. */
import { arch } from 'node:os';

export interface NativeParts {
  /** The package of koffi that has the library. */
  readonly koffi: string;
  /** The folder in it. */
  readonly library: string;
  /** The folder of node-pty's prebuilds; absent where it has none. */
  readonly terminals?: string;
}

const withTerminals = (name: string): NativeParts => ({ koffi: `koffi-${name}`, library: name.replace('-', '_'), terminals: name });
/** Terminals are opened by system calls there. */
const musl = (cpu: string): NativeParts => ({ koffi: `koffi-linux-${cpu}`, library: `musl_${cpu}` });

/** The one that has no native parts, for all other machines. */
export const universal = 'universal';

export const targets: Readonly<Record<string, NativeParts | undefined>> = {
  'linux-x64': withTerminals('linux-x64'),
  'linux-arm64': withTerminals('linux-arm64'),
  'alpine-x64': musl('x64'),
  'alpine-arm64': musl('arm64'),
  'darwin-x64': withTerminals('darwin-x64'),
  'darwin-arm64': withTerminals('darwin-arm64'),
  'win32-x64': withTerminals('win32-x64'),
  'win32-arm64': withTerminals('win32-arm64'),
  [universal]: undefined,
};

/** This machine's. */
export const ownTarget = `linux-${arch()}`;
