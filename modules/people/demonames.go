package people

import "strings"

// Names of the demonstration: surnames of the coast, the plateaus and the
// north, with the letters that lists lose first. Nobody in particular bears them.
var (
	demoSurnames = strings.Fields(`ABALO ABOTSI ADABRA ADJÉODA ADJOVI ADZOMADA AFANOU AGBÉKO AGBENYEGA AGBOKOU AHADZI AKAKPO AKAKPO-VIDAH
		ALASSANI ALIDOU AMÉGAN AMEWOUNOU AMOUZOU ANANI ASSIGNON ATAKORA ATCHOLE ATTIOGBE AVƆ AWESSO AYEVA AYITE BADABON BAKAI BAMAZI BANASSIM BATAKA
		BAWA BÉDOU BIDASSA BLITTI BODJONA D'ALMEIDA DADJO DJAGBA DJERI DJOBO DJOSSOU DOGBÉ DOSSEH DOSSOU DOUTI EDORH EGBARE EKLOU ESSO-WAVANA
		FANTOGNON FIAGAN FIAWUMO FOLLY GBADOÉ GBEDEMAH GBƐDZI GNASSÉ GNASSINGBA HODABALO HOUNKPATI ISSIFOU JOHNSON KADANGA KAO KAROUWÉ KATANGA
		KOFFI KOMBATÉ KOUDJO KOUMÉALO KPADÉ KPANTE KPATCHA KPELLY KPODAR KPƆTƆ LAMBONI LARÉ LAWSON LAWSON-BODY MENSAH MIHESO N'GBÉNDÉ N'TCHA
		NABÉDÉ NAPO NOUWOSSAN OLYMPIO OURO-AKPO OURO-GNAO PALI PASSAH PEKEMSI PIGNANDI QUASHIE SAMA SANT'ANNA SÉDDOH SIMTAYA SOGBO TAGBA TCHAGBÉLÉ
		TCHALLA TCHASSANTI TCHÉDRÉ TCHEMI TÉTÉ-BENISSAN TOSSOU VƆNYEGBE WALLA WOROU YAOVI YERIMA ZANOU ZINSOU`)
	demoBoys = strings.Fields(`Kossi Koffi Kodjo Komi Komlan Kokou Kouassi Yao Yaovi Edem Elom Mawuli Mawuéna Sena Sélom Dodzi Kafui Délali Ɖela Etsè Folly
		Ayité Essohanam Essossinam Esso-Wazina Mazabalo Tchaa Toyi Kpatcha Hodabalo Bidénam Palakiyem Solim Piyabalo Abdoulaye Moussa Issifou Idrissou
		Rachid Jean-Paul Noël Gaël Emmanuel Samuel Daniel Blaise Fidèle Espoir Prosper Yendoubé Damigou Kanfitine`)
	demoGirls = strings.Fields(`Afi Ama Abla Akou Akouvi Akossiwa Akofa Adjoa Adzo Essi Essivi Yawa Enyonam Eyram Dzifa Kékéli Ŋutifafa Séna Afiwa Ablavi
		Ayélé Dédé Mazalo Tchilalo Pyalo Naka Essozimna Magnim Halatou Wiyaou Solim Bibi Tani Fati Aïcha Mariam Rafiatou Zoé Hélène Marie-Thérèse
		Grâce Victoire Estelle Bénédicte Rose Félicité Akpene Lolonyo Mawusi Esther Ruth Yendouban`)
	demoTowns = strings.Fields(`Lomé Lomé Lomé Lomé Aného Tsévié Vogan Tabligbo Kpalimé Atakpamé Notsè Badou Sokodé Tchamba Bassar Kara Niamtougou Dapaong Mango`)
)
