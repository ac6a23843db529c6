// hrw-sip13: weighted rendezvous hashing over SipHash-1-3, on 32-bit integers.
// Data: parrayMembers (proxy, load, hash high, hash low, ...), parraySeed, parrayFailover.
// What is done for each URL is in local variables of few functions, which interpreters like.
// Few spaces, as every browser loads every letter of it.

// The best members (parrayFailover of them) for a key of bytes, best first.
var parrayRank = (function (data, seed, most) {
  var log=[0,94364,188362],list=[],top=[],width=256,scale=data[1],i,j=93998,k=-366;

  // log[i] = log2(1 + i / 256) * 2^24, rounded. Its third differences are -2 to 5: two to
  // a letter, from which the table is summed up here, once. j, k: first and second difference.
  for (i=0; i<254; i++) {
    k+=("WVWNA_U?:AHO?HG@GGGG]LN/29GF71@?NE>8?F>?>?>ND>?=8M=>77>7>>/?E=/0F.?ELD50>6/7/>'8=>LKDD===>DD.>=E<E<E-?40=.7=.>5/E-7.>=D<EC5>KC&".charCodeAt(i>>1)-35>>(i&1)*3&7)-2;
    j+=k;
    log.push(log[i+2]+j);
  }

  // The last bits of a member's score are its place in the data: there are so many places.
  while (data.length>width) width*=2;

  if (most>data.length/4) most=data.length/4;

  // 0 if all loads are equal, else the lightest one times 2^24 / ln 2, rounded down, as scores
  // have to stay below 2^29.
  for (i=j=1; i<data.length; i+=4) {
    if (data[i]!=data[1]) j=24200001;
    if (data[i]<scale) scale=data[i];
  }
  scale*=j-1;

  // SipHash-1-3 of a string of bytes. The numbers of its state are two variables each: a is v0,
  // b is v1, c is v2, d is v3; h is the high half, l the low half.
  function hash(s) {
    var n=s.length,e=n&-8,h,l,t,i,
    ah=seed[0]^1936682341,al=seed[1]^1886610805,bh=seed[2]^1685025377,bl=seed[3]^1852075885,
    ch=seed[0]^1819895653,cl=seed[1]^1852142177,dh=seed[2]^1952801890,dl=seed[3]^2037671283;
    // The blocks of eight bytes, the last one with the length, then three rounds without a block.
    for (i=0; i<=e+24; i+=8) {
      if (i<e) {
        l=s.charCodeAt(i)|s.charCodeAt(i+1)<<8|s.charCodeAt(i+2)<<16|s.charCodeAt(i+3)<<24;
        h=s.charCodeAt(i+4)|s.charCodeAt(i+5)<<8|s.charCodeAt(i+6)<<16|s.charCodeAt(i+7)<<24;
      } else {
        h=l=0;
        if (i==e) {
          for (t=n-1; t>=e; t--) if (t&4) h=h<<8|s.charCodeAt(t); else l=l<<8|s.charCodeAt(t);
          h|=n<<24;
        } else if (i==e+8) cl^=255;
      }
      dh^=h;
      dl^=l;
      // x + y carries if x is above ~y; with the sign bits flipped, signed numbers compare like
      // unsigned ones. Sums may leave the 32 bits for a while: all else takes them modulo 2^32.
      // v0 += v1; v0 rotated by 32: its halves change places; v1 rotated by 13, ^= v0
      t=(bl^2147483647)<(al^-2147483648)?ah+bh+1:ah+bh;
      ah=al+bl;
      al=t;
      t=al^(bh<<13)+(bl>>>19);
      bl=ah^(bl<<13)+(bh>>>19);
      bh=t;
      // v2 += v3; v3 rotated by 16, ^= v2
      ch=(dl^2147483647)<(cl^-2147483648)?ch+dh+1:ch+dh;
      cl+=dl;
      t=ch^(dh<<16)+(dl>>>16);
      dl=cl^(dl<<16)+(dh>>>16);
      dh=t;
      // v0 += v3; v3 rotated by 21, ^= v0
      ah=(dl^2147483647)<(al^-2147483648)?ah+dh+1:ah+dh;
      al+=dl;
      t=ah^(dh<<21)+(dl>>>11);
      dl=al^(dl<<21)+(dh>>>11);
      dh=t;
      // v2 += v1; v1 rotated by 17, ^= v2; v2 rotated by 32
      t=(bl^2147483647)<(cl^-2147483648)?ch+bh+1|0:ch+bh|0;
      ch=cl+bl|0;
      cl=t;
      t=cl^(bh<<17)+(bl>>>15);
      bl=ch^(bl<<17)+(bh>>>15);
      bh=t;
      ah^=h;
      al^=l;
    }
    return rank(ah^bh^ch^dh,al^bl^cl^dl);
  }

  // Writes the scores of the members from place i up to n to list; u and l are the halves of
  // the key's hash. A score, the lower the better, is nearly cost / load: where the order may
  // be another, scores differ by less than width * 2. Gives the last x.
  function score(u, l, i, n, list) {
    var rows=data,k=scale,high=536870912-width,ln=Math.log,c=-1,x;
    for (; i<n; i+=4) {
      // MurmurHash3's finaliser over the low half, then over the high half plus the result.
      // Multiplication modulo 2^32 by halves of the constant: all sums are below 2^50.
      x=l^rows[i+3];
      x^=x>>>16;
      x=x*51819+(x*34283<<16);
      x^=x>>>13;
      x=x*44597+(x*49842<<16);
      x=(x^x>>>16)+(u^rows[i+2]);
      x^=x>>>16;
      x=x*51819+(x*34283<<16);
      x^=x>>>13;
      x=x*44597+(x*49842<<16);
      x^=x>>>16;
      // 22.18070978 = ln 2^32. The cost falls as x grows, so equal loads need no logarithm.
      // With 2^27 added, each score has nine digits.
      list[++c]=((k?(22.18070978-ln((x|1)>>>0))*k/rows[i+1]:~x>>>3)&high|i)+134217728;
    }
    return x;
  }

  // The cost of the member at place i, -log2(x / 2^32) * 2^24: m - 1 zeros before the first
  // one, then the table.
  function cost(u, l, i) {
    var x=score(u,l,i,i+1,[])|1,m,t;
    for (m=1; x>0; m++) x<<=1;
    t=log[x>>>23&255];
    return (m<<24)-t-((log[(x>>>23&255)+1]-t)*(x&8388607)/8388608|0);
  }

  // The exact order: cost / load, compared by cross multiplication, below 2^53; then the data's.
  function sort(u, l) {
    list.sort(function (p, q) {
      var d=p-q;
      if (d<width*2&&d>width*-2) {
        p&=width-1;
        q&=width-1;
        d=cost(u,l,p)*data[q+1]-cost(u,l,q)*data[p+1]||p-q;
      }
      return d;
    });
  }

  function rank(u, l) {
    var rows=data,scores=list,best=top,low=width-1,gap=width*2,n=most,i=0,x,t;
    score(u,l,0,rows.length,scores);
    // As texts, which is fast, and right for numbers of nine digits.
    scores.sort();
    t=scores[0];
    while (i<n) {
      x=t;
      t=scores[i+1];
      // Rare. Beyond the last score, t - x is NaN.
      if (t-x<gap) {
        sort(u,l);
        t=scores[i=0];
        // Once is enough: no score is now that far below the one before it.
        gap=-gap;
      } else best[i++]=rows[x&low];
    }
    return best.slice(0,n);
  }

  return hash;
})(parrayMembers, parraySeed, parrayFailover);
