/** The package without native parts, on a machine for which there is one with them. */
import { arch } from 'node:os';
import { universal } from '../../src/build/vsix/targets.ts';
import { describePackage } from '../support/packaged.ts';

const why = `this build of Tree Warden has no native parts for linux-${arch()}`;

describePackage(
  universal,
  [],
  [
    `Native calls are not available (${why}): outside of a cgroup, a process is known only by its group, its parents and an environment variable, and a daemon that drops all three can escape.`,
    `Terminals are not available (${why}): processes run on pipes, where some programs print later, or without colors.`,
  ],
);
