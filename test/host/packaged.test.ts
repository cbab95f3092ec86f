/** The package for this machine. */
import { ownTarget } from '../../src/build/vsix/targets.ts';
import { describePackage } from '../support/packaged.ts';

describePackage(ownTarget, ['@koromix', 'node-pty'], []);
