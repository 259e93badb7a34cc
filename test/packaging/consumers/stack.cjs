const Bossman = require('bossman');

try {
  new Bossman({ prefix: 5 });
} catch ({ stack }) {
  console.log(stack);
}
