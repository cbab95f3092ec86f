import { loadLibc, NativeLibraryError } from './linux/libc.ts';
import { LinuxPlatform } from './linux/linuxPlatform.ts';
import type { Platform } from './platform.ts';
import { PortablePlatform } from './portable/portablePlatform.ts';

/** Thrown where Tree Warden can guard nothing at all. */
export class UnsupportedPlatformError extends Error {}

/**
 * The strongest platform that this machine offers.
 * `TREE_WARDEN_NATIVE=off` does without native calls, `TREE_WARDEN_PLATFORM=portable` also without /proc: for machines
 * where the native library misbehaves, and for the tests of the fallbacks.
 * @throws UnsupportedPlatformError on Windows.
 */
export async function selectPlatform(env: NodeJS.ProcessEnv = process.env): Promise<Platform> {
  if (process.platform === 'win32') {
    throw new UnsupportedPlatformError(
      'Tree Warden cannot guard processes on Windows yet: job objects are not built. Nothing was started.',
    );
  }
  if (process.platform !== 'linux') {
    return new PortablePlatform(
      `Containment for ${process.platform} is not built yet: only process groups and parent links are used here, so a daemon that leaves its group can escape.`,
    );
  }
  if (env['TREE_WARDEN_PLATFORM'] === 'portable') {
    return new PortablePlatform('TREE_WARDEN_PLATFORM=portable: only process groups and parent links are used.');
  }
  if (env['TREE_WARDEN_NATIVE'] === 'off') return new LinuxPlatform(new NativeLibraryError('TREE_WARDEN_NATIVE=off'));
  return new LinuxPlatform(await loadLibc());
}
