import { tryMatrixIn } from '../support/matrix.ts';

tryMatrixIn('cgroup', 'cgroupMatrix', { from: 0, every: 2 });
