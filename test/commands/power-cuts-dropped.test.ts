// A whole deployment, cut at every durable write; what was not flushed is gone.
import { cutAtEveryDurableWrite } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('dropped');
