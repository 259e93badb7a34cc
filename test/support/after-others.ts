import { constants, setPriority } from 'node:os';

// Applies to this worker and the processes that it starts: tests that wait for a certain time need the CPU at that time.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
