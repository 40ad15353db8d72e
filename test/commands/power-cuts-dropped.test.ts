// A whole deployment on bare metal, cut at every durable write; what was not flushed is gone.
import { BARE_METAL, cutAtEveryDurableWrite } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('dropped', BARE_METAL);
