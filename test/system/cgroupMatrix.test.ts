import { tryMatrixIn } from '../support/matrix.ts';

tryMatrixIn('cgroup');
