import { tryMatrixIn } from '../support/matrix.ts';

tryMatrixIn('cgroup', 'otherCgroupMatrix', { from: 1, every: 2 });
