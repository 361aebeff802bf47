/** Words to learn, written down here so that nothing need be loaded: given names, and numbers in words. */
export const names = (
  "ada adele agnes alan albert alexander alfred alice amelie amos andrea angela anna anton arthur astrid august aurora barbara beatrice benjamin bernard berta boris bruno " +
  "camilla carl carla caroline cecilia charles charlotte christian clara claude claudia conrad cornelia dagmar daniel daniela david denis diana dora dorothea edgar edith " +
  "edmund eduard edward elena eleonora elias elisa elisabeth ella elsa emil emilia emma eric erik ernest esther eva felix ferdinand flora florian frances francis frank " +
  "franziska frederic frida gabriel george gerald gerda gertrud gloria grace greta gustav hanna hannah harald harold hedwig heinrich helen helena henri henrietta henry " +
  "herbert herman hilda hugo ida ignaz ilse ines ingrid irene iris isaac isabel isabella ivan jacob james jana jane jasmin joachim johanna john jonas jonathan joseph " +
  "josephine judith julia julian juliana julius karen karl karla katharina katharine klara konrad konstantin lara laura lea lena leo leon leonard leonora lewis lilian " +
  "linda linus lisa lothar louis louisa luca lucas lucia ludwig luisa lukas lydia magda magdalena manuel marco margaret maria mariana marie marina mario marion mark marlene " +
  "marta martha martin martina mathilda matthew matthias max maximilian melanie melissa michael michaela miriam monica moritz nadia natalia nathan nicholas nicola nicole " +
  "nina nora norbert norma olga oliver olivia oscar oswald otto pamela patricia patrick paul paula pauline peter petra philip philippa pia rachel ralph raphael raymond " +
  "rebecca regina reinhard renata richard rita robert robin roland romeo rosa rosalie rosalind rose rudolf rupert ruth sabina sabrina samuel sandra sara sarah sebastian " +
  "serena silvia simon simona sofia sonia sophia sophie stefan stella stephanie susanna sven sylvia tamara teresa thea theodor theodora theresa thomas tilda timothy tobias " +
  "ulrich ulrike ursula valentin valentina valeria vera verena veronica victor victoria vincent viola virginia vivian walter wanda werner wilhelm wilhelmina william xaver " +
  "yvonne zoe"
).split(" ");

const ones = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/** The numbers from 1 to 99. */
export const numbers = Array.from({ length: 99 }, (_, i) => {
  const n = i + 1;
  return n < 20 ? ones[n]! : `${tens[Math.floor(n / 10)]!}${ones[n % 10]!}`;
});

/** The Walrus and the Carpenter, by Lewis Carroll (1871). */
export const verse = `
the sun was shining on the sea
shining with all his might
he did his very best to make
the billows smooth and bright
and this was odd, because it was
the middle of the night
the moon was shining sulkily
because she thought the sun
had got no business to be there
after the day was done
the sea was wet as wet could be
the sands were dry as dry
you could not see a cloud, because
no cloud was in the sky
no birds were flying overhead
there were no birds to fly
the walrus and the carpenter
were walking close at hand
they wept like anything to see
such quantities of sand
if this were only cleared away
they said, it would be grand
if seven maids with seven mops
swept it for half a year
do you suppose, the walrus said
that they could get it clear
i doubt it, said the carpenter
and shed a bitter tear
o oysters, come and walk with us
the walrus did beseech
a pleasant walk, a pleasant talk
along the briny beach
we cannot do with more than four
to give a hand to each
the eldest oyster looked at him
but never a word he said
the eldest oyster winked his eye
and shook his heavy head
but four young oysters hurried up
all eager for the treat
their coats were brushed, their faces washed
their shoes were clean and neat
four other oysters followed them
and yet another four
and thick and fast they came at last
and more, and more, and more
all hopping through the frothy waves
and scrambling to the shore
the time has come, the walrus said
to talk of many things
of shoes and ships and sealing wax
of cabbages and kings
and why the sea is boiling hot
and whether pigs have wings
but wait a bit, the oysters cried
before we have our chat
for some of us are out of breath
and all of us are fat
no hurry, said the carpenter
they thanked him much for that
a loaf of bread, the walrus said
is what we chiefly need
pepper and vinegar besides
are very good indeed
now if you are ready, oysters dear
we can begin to feed
o oysters, said the carpenter
you have had a pleasant run
shall we be trotting home again
but answer came there none
and this was scarcely odd, because
they had eaten every one
`.trim().split("\n");
