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
