// A computer replaced by another, user state and all, cut at every durable write; what was not flushed is gone, kept, torn or zeroed, drawn for each.
import { cutAtEveryDurableWrite, REPLACE } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('mixed', REPLACE);
