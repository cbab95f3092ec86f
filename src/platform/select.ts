import { DarwinPlatform } from './darwin/darwinPlatform.ts';
import { loadLibproc } from './darwin/libproc.ts';
import { loadLibc, NativeLibraryError } from './linux/libc.ts';
import { LinuxPlatform } from './linux/linuxPlatform.ts';
import { whyNotLoaded } from './missingNativeParts.ts';
import type { Platform } from './platform.ts';
import { PortablePlatform } from './portable/portablePlatform.ts';
import { loadPortTables } from './windows/portTables.ts';
import { loadWin32, type Win32 } from './windows/win32.ts';
import { WindowsPlatform } from './windows/windowsPlatform.ts';

/** Thrown on a system where Tree Warden cannot guard any process. */
export class UnsupportedPlatformError extends Error {}

/**
 * The strongest platform that this machine offers.
 * `TREE_WARDEN_NATIVE=off` does without native calls, `TREE_WARDEN_PLATFORM=portable` also without /proc: for machines
 * where the native library misbehaves, and for the tests of the fallbacks.
 * @throws UnsupportedPlatformError on Windows where native calls are not available: nothing else can contain processes there.
 */
export async function selectPlatform(env: NodeJS.ProcessEnv = process.env): Promise<Platform> {
  if (process.platform === 'win32') return new WindowsPlatform(await loadWindows(), await loadPortTables());
  if (process.platform === 'darwin') return await selectDarwin();
  if (process.platform !== 'linux') {
    return new PortablePlatform(
      `Tree Warden has no containment for ${process.platform}: only process groups and parent links are used here, so a daemon that leaves its group can escape.`,
    );
  }
  if (env['TREE_WARDEN_PLATFORM'] === 'portable') {
    return new PortablePlatform('TREE_WARDEN_PLATFORM=portable: only process groups and parent links are used.');
  }
  if (env['TREE_WARDEN_NATIVE'] === 'off') return new LinuxPlatform(new NativeLibraryError('TREE_WARDEN_NATIVE=off'));
  return new LinuxPlatform(await loadLibc());
}

async function loadWindows(): Promise<Win32> {
  try {
    return await loadWin32();
  } catch (error) {
    throw new UnsupportedPlatformError(
      `Job objects cannot be used (${whyNotLoaded(error)}), and without them nothing can be guarded on Windows. Nothing was started.`,
    );
  }
}

async function selectDarwin(): Promise<Platform> {
  try {
    return new DarwinPlatform(await loadLibproc());
  } catch (error) {
    return new PortablePlatform(
      `Native calls are not available (${whyNotLoaded(error)}): only process groups and parent links are used here, so a daemon that leaves its group can escape.`,
    );
  }
}
