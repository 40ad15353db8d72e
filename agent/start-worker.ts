// The first script of a worker thread in the executable: loads the rest as the main thread loads the program.
import { loadScript } from './load-script.ts';

loadScript('worker');
