// What minifiers leave over: commas, voids, nested conditions, !0 and !1, chains of && and ||, for with all its work.
var a=!0,b=!1,c=void 0,d="PROXY ",e=d+"c0.test:80",f=(1,2,"DIRECT"),g={},h,i,j;
function k(l,m){return m=l.length,l=l.charAt(m-1),h=m,l}
function FindProxyForURL(n,o){var p,q,r=0,s,t=c;
return p=k(o),q=(r++,r+=h,r),isPlainHostName(o)?f:"m"==p?(t=q>16?e:d+"c1.test:"+q,t):p=="t"&&(s=o.split("."),s.length)>2?
d+s[s.length-2]+".test:"+(s.length,q):o in g||(g[o]=1,"g"!=p)?"e"===p?q%2?b||d+"c2.test:80":a&&d+"c3.test:80":
"0">p||p>"9"?((i=o.indexOf("."))>2&&(j=i,b)||(j=i+1,d+"c4.test:"+j)):d+(function(u){for(var v=0,w=u.length;w--;v+=+u.charAt(w)||0);return v}(o))+".test:80":
(delete g[o],typeof t+""===c+""?d+"c5.test:80; "+f:f)}
