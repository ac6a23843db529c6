// hrw-sip13: weighted rendezvous hashing over SipHash-1-3, on 32-bit integers.
// Data: parrayMembers (proxy, load, hash high, hash low, ...), parraySeed, parrayFailover.

// parrayLog[i] = log2(1 + i / 256) * 2^24, rounded. Its third differences are -2 to 5: two to
// a letter, from which the table is summed up here, once.
var parrayLog = [0, 94364, 188362];
(function (s, first, second) {
  for (var i = 0; i < 254; i++) {
    second += (s.charCodeAt(i >> 1) - 35 >> (i & 1) * 3 & 7) - 2;
    first += second;
    parrayLog.push(parrayLog[i + 2] + first);
  }
})("WVWNA_U?:AHO?HG@GGGG]LN/29GF71@?NE>8?F>?>?>ND>?=8M=>77>7>>/?E=/0F.?ELD50>6/7/>'8=>LKDD===>DD.>=E<E<E-?40=.7=.>5/E-7.>=D<EC5>KC&", 93998, -366);

// SipHash-1-3 of a string of bytes, as [high half, low half]. The numbers of its state are
// two variables each: a is v0, b is v1, c is v2, d is v3; h is the high half, l the low half.
// Few spaces, as every browser loads every letter of it.
function parrayHash(s) {
  var n=s.length, e=n&-8, f=-2147483648, k=parraySeed, h, l, t, i,
  ah=k[0]^1936682341, al=k[1]^1886610805, bh=k[2]^1685025377, bl=k[3]^1852075885,
  ch=k[0]^1819895653, cl=k[1]^1852142177, dh=k[2]^1952801890, dl=k[3]^2037671283;
  // The blocks of eight bytes, then three rounds without a block. Beyond the end,
  // charCodeAt gives NaN, which counts as 0 here.
  for (i=0; i<=e+24; i+=8) {
    h=l=0;
    if (i<=e) {
      l=s.charCodeAt(i)|s.charCodeAt(i+1)<<8|s.charCodeAt(i+2)<<16|s.charCodeAt(i+3)<<24;
      h=s.charCodeAt(i+4)|s.charCodeAt(i+5)<<8|s.charCodeAt(i+6)<<16|s.charCodeAt(i+7)<<24;
      if (i==e) h|=n<<24;
      dh^=h;
      dl^=l;
    } else if (i==e+8) cl^=255;
    // A sum carries if its low half is below that of a summand; with their sign bits
    // flipped, signed numbers compare like unsigned ones.
    // v0 += v1; v0 rotated by 32: its halves change places; v1 rotated by 13, ^= v0
    t=al+bl|0;
    al=ah+bh+((t^f)<(al^f)?1:0)|0;
    ah=t;
    t=(bh<<13|bl>>>19)^al;
    bl=(bl<<13|bh>>>19)^ah;
    bh=t;
    // v2 += v3; v3 rotated by 16, ^= v2
    t=cl+dl|0;
    ch=ch+dh+((t^f)<(cl^f)?1:0)|0;
    cl=t;
    t=(dh<<16|dl>>>16)^ch;
    dl=(dl<<16|dh>>>16)^cl;
    dh=t;
    // v0 += v3; v3 rotated by 21, ^= v0
    t=al+dl|0;
    ah=ah+dh+((t^f)<(al^f)?1:0)|0;
    al=t;
    t=(dh<<21|dl>>>11)^ah;
    dl=(dl<<21|dh>>>11)^al;
    dh=t;
    // v2 += v1; v1 rotated by 17, ^= v2; v2 rotated by 32
    t=cl+bl|0;
    cl=ch+bh+((t^f)<(cl^f)?1:0)|0;
    ch=t;
    t=(bh<<17|bl>>>15)^cl;
    bl=(bl<<17|bh>>>15)^ch;
    bh=t;
    ah^=h;
    al^=l;
  }
  return [ah^bh^ch^dh, al^bl^cl^dl];
}

// The best parrayFailover members (all, if there are fewer), best first. The lists are
// made once: to grow new ones at each call takes time. c: how many they hold.
var parrayTop=[],parrayCosts=[],parrayLoads=[];

function parrayRank(key) {
  var k=parrayHash(parrayBytes(key)),u=k[0],l=k[1],data=parrayMembers,n=data.length,
  best=parrayTop,costs=parrayCosts,loads=parrayLoads,c=0,limit=1e99,i,j,x,m,t,w;
  for (i=0; i<n; i+=4) {
    // MurmurHash3's finaliser over the low half, then over the high half plus the result.
    // Multiplication modulo 2^32 by halves of the constant: all products are below 2^48.
    x=l^data[i+3];
    x^=x>>>16;
    x=x*51819+(x*34283<<16)|0;
    x^=x>>>13;
    x=x*44597+(x*49842<<16)|0;
    x=(x^x>>>16)+(u^data[i+2]);
    x^=x>>>16;
    x=x*51819+(x*34283<<16)|0;
    x^=x>>>13;
    x=x*44597+(x*49842<<16)|0;
    w=data[i+1];
    // Most members end here. No cost is below 1.44 times the distance from x to 2^32, so this
    // one cannot come before the last of the list. With 1.4 there is room to spare: rounding
    // does not matter. The high half of x is ready, and enough for it.
    if ((~x>>>16)<=limit*w) {
      // The cost, -log2(x / 2^32) * 2^24: m - 1 zeros before the first one, then the table.
      x=x^x>>>16|1;
      for (m=1; x>0; m++) x<<=1;
      j=x>>>23&255;
      t=parrayLog[j];
      j=parrayLog[j+1]-t;
      // t + j * (lower 23 bits) / 2^23 in two steps, so that all stays below 2^31.
      x=(m<<24)-t-(j*(x>>>9&16383)+(j*(x&511)>>>9)>>>14);
      // Cost / load, ascending: compared by cross multiplication, below 2^53.
      for (j=c; j&&x*loads[j-1]<costs[j-1]*w; j--) {
        best[j]=best[j-1];
        costs[j]=costs[j-1];
        loads[j]=loads[j-1];
      }
      best[j]=data[i];
      costs[j]=x;
      loads[j]=w;
      if (c<parrayFailover) c++;
      // 1.4 * 2^8 = 358.4
      if (c==parrayFailover) limit=costs[c-1]/loads[c-1]/358.4;
    }
  }
  return best.slice(0,c);
}
